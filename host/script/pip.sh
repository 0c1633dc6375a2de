
# --- pip: packages of the system's Python, compiled where necessary; never removed, like RPM packages ------

converge_pip_packages() {
  local index
  for index in ${E_KIND[@]+"${!E_KIND[@]}"}; do
    [[ ${E_KIND[index]} != pip-package ]] || converge_pip_package "$index"
  done
}

# Waits for a yum that is installing compiler and headers. A later one may start: it installs other packages. Before
# any lock is taken: a recover that has that of packages could wait for ours.
await_packages() {
  take_lock packages
  release_locks
}

converge_pip_package() { # INDEX
  local name=${E_WORDS[$1]% *} version=${E_WORDS[$1]#* } python program reason
  attribute "$1" python /usr/bin/python3
  python=$REPLY
  attribute "$1" program "$name"
  program=$REPLY
  FACTS+=("pip-package $name $version $python $program")
  [[ -x $ROOT$python ]] || fail "the interpreter $python, for which pip must install $name, does not exist on this host: add its packages to SystemPackages.extraPackages, or set DjangoApp.interpreter to another one"
  if pip_package_is "$name" "$version" "$python" "$program"; then return 0; fi
  reason=$REPLY
  install_pip_package "$name" "$version" "$python" "$reason"
  pip_package_is "$name" "$version" "$python" "$program" || fail "pip installed $name $version, but $REPLY"
  changed "installed $name $version with pip of $python ($reason)"
}

# Does the interpreter have this version, and is its program there, of this version and linked with the interpreter?
# pip itself would take half a second to answer. REPLY has the reason why not.
pip_package_is() { # NAME VERSION PYTHON PROGRAM
  local found linked wanted
  ask_pip_record "$@"
  read -r wanted found <<<"$REPLY"
  case $found in
    unknown)
      REPLY="$3 does not have it"
      return 1
      ;;
    none)
      REPLY="pip's record of it has no program $4"
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

# Leaves the interpreter's version and the program's path, from pip's record: another package may have a program
# of the same name earlier in PATH. Instead of the path also `unknown` (not installed) or `none`.
ask_pip_record() { # NAME VERSION PYTHON PROGRAM
  attempt detached "$ROOT$3" -s -c "$PIP_QUESTION" "$1" "$2" "$4" || fail "$3 can't list its packages: $OUTPUT"
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

# Leaves the path for the service's unit.
uwsgi_program_path() {
  uwsgi_program
  [[ -n $REPLY ]] || fail 'uwsgi is not installed: install its pip package first'
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
        # The record of a wheel, and that of setup.py.
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
  # By itself pip would not replace a build for another interpreter, or one with missing files.
  [[ $4 == *' does not have it' ]] || words+=(--force-reinstall)
  # Sources may have file names that are not ASCII.
  utf8_locale
  attempt openly env -i PATH="$PATH" LC_ALL="$REPLY" HOME="$ROOT/root" ${ROOT:+TRACKS_ROOT="$ROOT"} \
    "$ROOT$3" -c "$(python_pip_settings)"$'\n''run_pip(sys.argv[1:])' "${words[@]}" \
    || fail "pip can't install $1 $2: $(grep -v '^\(WARNING\|note\|hint\)' <<<"$OUTPUT" | tail -n 8)"
}
