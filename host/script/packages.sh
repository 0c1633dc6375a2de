
# --- Packages: installed, never removed: others may need them by now ------------------------------------

# Leaves yum, dnf or none in REPLY.
package_manager() {
  REPLY='none'
  if have dnf; then
    REPLY='dnf'
  elif have yum; then
    REPLY='yum'
  fi
}

# Leaves the names, one each line, that no installed package has or provides.
missing_packages() { # NAME...
  local line missing=''
  while read -r line; do
    if [[ $line == 'no package provides '* ]]; then missing+="${line#no package provides }"$'\n'; fi
  done < <(rpm -q --whatprovides "$@" 2>/dev/null)
  REPLY=$missing
}

# Installs what the package entries name and the host lacks, in one transaction.
converge_packages() {
  local index names=() name missing alternatives wanted=()
  for index in ${E_KIND[@]+"${!E_KIND[@]}"}; do
    if [[ ${E_KIND[index]} == package ]]; then
      FACTS+=("package ${E_WORDS[index]}")
      read -r -a alternatives <<<"${E_WORDS[index]}"
      names+=("${alternatives[@]}")
    fi
  done
  ((${#names[@]} > 0)) || return 0
  package_manager
  [[ $REPLY != none ]] || fail "this host has neither dnf nor yum: only Enterprise Linux and its like are supported"
  missing_packages "${names[@]}"
  missing=$'\n'$REPLY
  for index in ${E_KIND[@]+"${!E_KIND[@]}"}; do
    [[ ${E_KIND[index]} == package ]] || continue
    read -r -a alternatives <<<"${E_WORDS[index]}"
    choose_package
    [[ -z $REPLY ]] || wanted+=("$REPLY")
  done
  ((${#wanted[@]} == 0)) || install_packages "${wanted[@]}"
}

KNOWN_PACKAGES='' # names in the repositories, one each line, once asked for

# Leaves the name to install, or nothing when an alternative before it is installed already.
choose_package() { # uses alternatives, names and missing of its caller
  local name
  for name in "${alternatives[@]}"; do
    if [[ $missing != *$'\n'"$name"$'\n'* ]]; then
      REPLY=''
      return
    fi
    known_packages
    if [[ $KNOWN_PACKAGES == *$'\n'"$name"$'\n'* ]]; then
      REPLY=$name
      return
    fi
  done
  package_manager
  attempt "$REPLY" -q repolist
  local repositories
  repositories=$(sed 1d <<<"$OUTPUT" | cut -d ' ' -f 1 | paste -s -d ' ' -)
  name=${alternatives[*]}
  fail "none of the enabled repositories (${repositories:-there is none}) has the package ${name// / or }: add one that has it with tracks:yumRepositories"
}

# Asks the repositories once for all the names that might be installed.
known_packages() {
  local line
  [[ -z $KNOWN_PACKAGES ]] || return 0
  package_manager
  KNOWN_PACKAGES=$'\n'
  attempt "$REPLY" -q list available "${names[@]}"
  while read -r line _; do
    KNOWN_PACKAGES+="${line%.*}"$'\n'
  done <<<"$OUTPUT"
}

install_packages() { # NAME...
  local line
  run_installer "can't install $*" install "$@"
  missing_packages "$@"
  [[ -z $REPLY ]] || fail "installed, but rpm does not know it: ${REPLY//$'\n'/ }"
  for line in "$@"; do
    changed "installed package $line"
  done
}

# Runs the package manager, waiting with a bound for another one: left alone, yum waits for ever.
run_installer() { # WHAT COMMAND...
  local what=$1 manager deadline=$((SECONDS + LOCK_WAIT))
  shift
  package_manager
  manager=$REPLY
  until attempt openly "$manager" -y -q --setopt=exit_on_lock=True "$@"; do
    case $OUTPUT in
      *'already locked'* | *'transaction lock'* | *'yum lock'* | *'nother app'* | *'Waiting for process'*) ;;
      *) fail "$manager $what: $(tail -n 5 <<<"$OUTPUT")" ;;
    esac
    ((SECONDS < deadline)) \
      || fail "another program has been installing packages for $LOCK_WAIT s: run this again when it is done ($(tail -n 1 <<<"$OUTPUT"))"
    sleep 1
  done
}

# Enables module streams, where the package manager has them.
converge_modules() {
  local index name stream enabled
  for index in ${E_KIND[@]+"${!E_KIND[@]}"}; do
    [[ ${E_KIND[index]} == module ]] || continue
    package_manager
    [[ $REPLY == dnf ]] || continue
    name=${E_WORDS[index]%%:*}
    stream=${E_WORDS[index]#*:}
    enabled_stream "$name"
    enabled=$REPLY
    [[ $enabled != "$stream" ]] || continue
    [[ -z $enabled ]] || fail "the host has the module $name:$enabled enabled, not $stream: changing it changes the major version of what is installed; when that is meant, run: dnf module reset $name"
    run_installer "can't enable the module ${E_WORDS[index]}" module enable "${E_WORDS[index]}"
    changed "enabled module ${E_WORDS[index]}"
  done
}

enabled_stream() { # MODULE
  local line state='' stream=''
  if [[ -r $ROOT/etc/dnf/modules.d/$1.module ]]; then
    while IFS= read -r line; do
      case $line in
        stream=*) stream=${line#stream=} ;;
        state=*) state=${line#state=} ;;
      esac
    done <"$ROOT/etc/dnf/modules.d/$1.module"
  fi
  REPLY=''
  if [[ $state == enabled ]]; then REPLY=$stream; fi
}
