
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
  [[ -x $ROOT$python ]] || fail "$python, which pip shall install $name with, does not exist on this host: add its packages to SystemPackages.extraPackages, or name another in DjangoApp.interpreter"
  if pip_package_is "$name" "$version" "$python" "$program"; then return 0; fi
  reason=$REPLY
  install_pip_package "$name" "$version" "$python" "$reason"
  pip_package_is "$name" "$version" "$python" "$program" || fail "pip installed $name $version, but $REPLY"
  changed "installed $name $version with pip of $python ($reason)"
}

# Is this version known to the interpreter, and its program there, of this version and linked with it? pip
# itself would take half a second to say so. REPLY has the reason why not.
pip_package_is() { # NAME VERSION PYTHON PROGRAM
  local found linked wanted
  ask_pip_record "$@"
  read -r wanted found <<<"$REPLY"
  case $found in
    unknown)
      REPLY="$3 does not know it"
      return 1
      ;;
    none)
      REPLY="pip's record of it names no program $4"
      return 1
      ;;
  esac
  if [[ ! -x $found ]]; then
    REPLY="there is no program ${found#"$ROOT"}"
    return 1
  fi
  attempt detached "$found" --version
  if [[ $OUTPUT != "$2" ]]; then
    REPLY="${found#"$ROOT"} is version ${OUTPUT%%$'\n'*}"
    return 1
  fi
  # Only uWSGI embeds an interpreter.
  [[ $4 == uwsgi ]] || return 0
  attempt detached "$found" --python-version
  linked=${OUTPUT%%$'\n'*}
  if [[ $linked != "$wanted" && $linked != "$wanted".* ]]; then
    REPLY="${found#"$ROOT"} embeds Python ${linked:-of an unknown version}, not $wanted"
    return 1
  fi
}

# Leaves the interpreter's version and the path where pip put the program, by its own record: another package
# may have a program of the same name earlier in PATH. For the path also `unknown` (not installed) or `none`.
ask_pip_record() { # NAME VERSION PYTHON PROGRAM
  attempt detached "$ROOT$3" -s -c "$PIP_QUESTION" "$1" "$2" "$4" || fail "$3 can't tell what it has installed: $OUTPUT"
  REPLY=$OUTPUT
}

# Leaves the uWSGI that pip installed for this scope, or nothing.
uwsgi_program() {
  local version python program
  REPLY=''
  read -r _ _ version python program < <(grep -h '^pip-package uwsgi ' "$STATE/resources/$SCOPE"/*/facts 2>/dev/null)
  [[ -n $program && -x $ROOT$python ]] || return 0
  ask_pip_record uwsgi "$version" "$python" "$program"
  REPLY=${REPLY#* }
  if [[ $REPLY == /* && -x $REPLY ]]; then REPLY=${REPLY#"$ROOT"}; else REPLY=''; fi
}

# The path that stands in the service's unit.
uwsgi_program_path() {
  uwsgi_program
  [[ -n $REPLY ]] || fail 'uwsgi is not installed: its pip package comes first'
}

# Prints "3.9 /usr/local/bin/uwsgi": the interpreter's version, and the program of the distribution NAME VERSION.
readonly PIP_QUESTION='
import os, sys
name, version, program = sys.argv[1:]
start = ("%s-%s" % (name.replace("-", "_"), version)).lower()
found = "unknown"
for site in sys.path:
    for entry in sorted(os.listdir(site)) if os.path.isdir(site) else []:
        if not (entry.lower().startswith(start) and entry.endswith("-info")):
            continue
        if found == "unknown":
            found = "none"
        record = os.path.join(site, entry)
        # Of a wheel, and of what setup.py installed.
        for file, base in ("RECORD", site), ("installed-files.txt", record):
            if not os.path.exists(os.path.join(record, file)):
                continue
            with open(os.path.join(record, file), "rb") as lines:
                for line in lines:
                    path = line.decode("utf-8").split(",")[0].strip()
                    if found == "none" and path.endswith("bin/" + program):
                        found = os.path.normpath(os.path.join(base, path))
print("%d.%d %s" % (sys.version_info[0], sys.version_info[1], found))
'

install_pip_package() { # NAME VERSION PYTHON REASON
  local words=(install --disable-pip-version-check --upgrade "$1==$2")
  attempt detached "$ROOT$3" -m pip --version \
    || fail "$3 has no pip: add its package to SystemPackages.extraPackages (such as ${3##*/}-pip)"
  # Another interpreter's build, or one that is half gone, is no reason for pip to do anything.
  [[ $4 == *' does not know it' ]] || words+=(--force-reinstall)
  # A yum that is at work on compiler and headers ends first. It is not kept from starting, since what
  # it installs from then on are other packages.
  (take_lock packages) || fail "can't wait for the packages"
  # What is compiled may have names of files that are not ASCII.
  utf8_locale
  attempt openly env -i PATH="$PATH" LC_ALL="$REPLY" HOME="$ROOT/root" ${ROOT:+TRACKS_ROOT="$ROOT"} \
    "$ROOT$3" -c "$(python_pip_settings)"$'\n''run_pip(sys.argv[1:])' "${words[@]}" \
    || fail "pip can't install $1 $2: $(grep -v '^\(WARNING\|note\|hint\)' <<<"$OUTPUT" | tail -n 8)"
}
