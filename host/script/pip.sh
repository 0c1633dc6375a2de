
# --- pip: what the system's own Python has, compiled where need be; never removed, as packages aren't ----

converge_pip_packages() {
  local index
  for index in ${E_KIND[@]+"${!E_KIND[@]}"}; do
    [[ ${E_KIND[index]} != pip-package ]] || converge_pip_package "$index"
  done
}

converge_pip_package() { # INDEX
  local name=${E_WORDS[$1]% *} version=${E_WORDS[$1]#* } python program reason
  attribute "$1" python /usr/bin/python3
  python=$REPLY
  attribute "$1" program "$name"
  program=$REPLY
  FACTS+=("pip-package $name $version $python $program")
  [[ -x $ROOT$python ]] || fail "$python, which pip shall install $name with, does not exist on this host: add its packages to tracks:extraPackages, or name another in tracks:pythonInterpreter"
  if pip_package_is "$name" "$version" "$python" "$program"; then return 0; fi
  reason=$REPLY
  install_pip_package "$name" "$version" "$python" "$reason"
  hash -r
  pip_package_is "$name" "$version" "$python" "$program" || fail "pip installed $name $version, but $REPLY"
  changed "installed $name $version with pip of $python ($reason)"
}

# Is this version what runs under the program's name, known to the interpreter, and linked with it? pip
# itself would take half a second to say so. REPLY has the reason why not.
pip_package_is() { # NAME VERSION PYTHON PROGRAM
  local found linked wanted
  found=$(command -v "$4")
  if [[ -z $found ]]; then
    REPLY="there is no program $4"
    return 1
  fi
  attempt detached "$found" --version
  if [[ $OUTPUT != "$2" ]]; then
    REPLY="$found is version ${OUTPUT%%$'\n'*}"
    return 1
  fi
  attempt detached "$ROOT$3" -s -c "$PIP_QUESTION" "$1" "$2" || fail "$3 can't tell what it has installed: $OUTPUT"
  wanted=${OUTPUT%% *}
  if [[ $OUTPUT != *' yes' ]]; then
    REPLY="$3 does not know it"
    return 1
  fi
  # Only uWSGI embeds an interpreter.
  [[ $4 == uwsgi ]] || return 0
  attempt detached "$found" --python-version
  linked=${OUTPUT%%$'\n'*}
  if [[ $linked != "$wanted" && $linked != "$wanted".* ]]; then
    REPLY="$found embeds Python ${linked:-of an unknown version}, not $wanted"
    return 1
  fi
}

# Prints "3.9 yes" when the interpreter, version 3.9, has the distribution NAME VERSION.
readonly PIP_QUESTION='
import os, sys
start = ("%s-%s" % (sys.argv[1].replace("-", "_"), sys.argv[2])).lower()
names = [name.lower() for path in sys.path if os.path.isdir(path) for name in os.listdir(path)]
known = [name for name in names if name.startswith(start) and name.endswith("-info")]
print("%d.%d %s" % (sys.version_info[0], sys.version_info[1], known and "yes" or "no"))
'

install_pip_package() { # NAME VERSION PYTHON REASON
  local words=(install --disable-pip-version-check --upgrade "$1==$2")
  attempt detached "$ROOT$3" -m pip --version \
    || fail "$3 has no pip: add its package to tracks:extraPackages (such as ${3##*/}-pip)"
  # Another interpreter's build, or one that is half gone, is no reason for pip to do anything.
  [[ $4 == 'there is no program'* ]] || words+=(--force-reinstall)
  # A yum that is at work on compiler and headers ends first. It is not kept from starting, since what
  # it installs from then on are other packages.
  (take_lock packages "$PACKAGES_WAIT") || fail "can't wait for the packages"
  attempt openly env -i PATH="$PATH" LC_ALL=C HOME="$ROOT/root" ${ROOT:+TRACKS_ROOT="$ROOT"} \
    "$ROOT$3" -c "$(python_pip_settings)"$'\n''run_pip(sys.argv[1:])' "${words[@]}" \
    || fail "pip can't install $1 $2: $(grep -v '^\(WARNING\|note\|hint\)' <<<"$OUTPUT" | tail -n 8)"
}
