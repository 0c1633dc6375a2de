
# --- Packages: installed, never removed: others may need them by now ------------------------------------
#
# A name is a capability: Enterprise Linux 8 has python3 only as something that python36 provides.

# A look changes nothing and waits for nobody; it runs in a subshell, which `fail` ends.
LOOK=no LOOK_UNTIL=0
readonly LOOK_CANT_TELL=3

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

WANTED=() # what is wanted, each with the names that it may have
CHOSEN=() # the name that is taken of each
LOST=''   # what no repository has under any name, a line each, told with its way out

# Installs what the package entries name and the host lacks.
converge_packages() {
  local index
  WANTED=()
  for index in ${E_KIND[@]+"${!E_KIND[@]}"}; do
    [[ ${E_KIND[index]} == package ]] || continue
    FACTS+=("package ${E_WORDS[index]}")
    WANTED+=("${E_WORDS[index]}")
  done
  install_wanted
}

# Installs what is wanted and not there, in one transaction.
install_wanted() {
  local name
  ((${#WANTED[@]} > 0)) || return 0
  package_manager
  [[ $REPLY != none ]] || fail "this host has neither dnf nor yum: only Enterprise Linux and its like are supported"
  skip_installed
  ((${#WANTED[@]} > 0)) || return 0
  take_packages
  [[ -z $LOST ]] || fail "not every package can be installed: ${LOST%$'\n'}"
  [[ $LOOK == no ]] || return 0
  missing_packages "${CHOSEN[@]}"
  [[ -z $REPLY ]] || fail "installed, but rpm does not know it: ${REPLY//$'\n'/ }"
  for name in "${CHOSEN[@]}"; do
    changed "installed package $name"
  done
}

# Drops what is installed under one of its names.
skip_installed() {
  local entry name all missing lacking=()
  read -r -a all <<<"${WANTED[*]}"
  missing_packages "${all[@]}"
  missing=$'\n'$REPLY
  for entry in "${WANTED[@]}"; do
    for name in $entry; do
      [[ $missing == *$'\n'"$name"$'\n'* ]] || continue 2
    done
    lacking+=("$entry")
  done
  WANTED=(${lacking[@]+"${lacking[@]}"})
}

# Has the first name of each installed that the package manager knows. Once something is lost, the rest is
# only looked for, so that all that is lost is told at once.
take_packages() {
  local index name words status unknown progress options=(-y)
  LOST=''
  CHOSEN=()
  for index in "${!WANTED[@]}"; do CHOSEN[index]=${WANTED[index]%% *}; done
  while ((${#CHOSEN[@]} > 0)); do
    if [[ $LOOK == yes || -n $LOST ]]; then
      looking_options
      options=(${REPLY:+"$REPLY"})
    fi
    attempt_manager ${options[@]+"${options[@]}"} install "${CHOSEN[@]}"
    status=$?
    words=$OUTPUT
    # With an unknown name dnf installs nothing, yum the others.
    unknown=" $(sed -n -e 's/^Error: Unable to find a match: //p' -e 's/^No package \(.*\) available\.$/\1/p' <<<"$words" | paste -s -d ' ' -) "
    if [[ $unknown != *[^\ ]* ]]; then
      ((status == 0)) || [[ ${options[*]-} != -y && $words == *@(Operation aborted|Exiting on user)* ]] \
        || manager_failed "can't install ${CHOSEN[*]}"
      return 0
    fi
    progress=no
    for index in "${!CHOSEN[@]}"; do
      name=${CHOSEN[index]}
      [[ $unknown == *" $name "* ]] || continue
      progress=yes
      next_alternative "$index" "$words"
    done
    [[ $progress == yes ]] || manager_failed "can't install ${CHOSEN[*]}"
  done
}

# Leaves the option, if any, with which an installation is only looked at.
looking_options() {
  package_manager
  # yum asks on stdin, which is closed.
  if [[ $REPLY == dnf ]]; then REPLY=--assumeno; else REPLY=''; fi
}

# Takes the next name in place of one that is unknown, or gives the package up.
next_alternative() { # INDEX WORDS
  local entry=" ${WANTED[$1]} " name=${CHOSEN[$1]} reason
  reason=$(grep -m 1 "^All matches .* argument: $name\$" <<<"$2")
  case $reason in
    *'exclude filtering'*)
      LOST+="the host's own settings hide the package $name ($reason): take it out of \"exclude\" in /etc/dnf/dnf.conf and in the files of /etc/yum.repos.d"$'\n'
      ;;
    *'modular filtering'*)
      # A look comes before the streams are enabled.
      [[ $LOOK == yes ]] \
        || LOST+="a module stream hides the package $name ($reason): enable the stream that has it with SystemPackages.moduleStreams, or switch the module off on the host, as root: dnf module disable MODULE (dnf module list names it)"$'\n'
      ;;
    *)
      entry=${entry#*" $name "}
      if [[ -n $entry ]]; then
        CHOSEN[$1]=${entry%% *}
        return
      fi
      repositories
      LOST+="none of the enabled repositories (${REPLY:-there is none}) has the package ${WANTED[$1]// / or }: add one that has it with SystemPackages.yumRepositories"$'\n'
      ;;
  esac
  unset "CHOSEN[$1]"
}

# Leaves the names of the enabled repositories. On Enterprise Linux 6 nothing is listed with -q; elsewhere
# the words of plug-ins stand around the list.
repositories() {
  local id rest listed=no ids=''
  attempt_manager repolist
  while read -r id rest; do
    if [[ $listed == yes && $id == repolist:* ]]; then break; fi
    if [[ $listed == yes ]]; then
      id=${id#[*!]}
      ids+=" ${id%%/*}"
    fi
    if [[ "$id $rest" == 'repo id'* ]]; then listed=yes; fi
  done <<<"$OUTPUT"
  REPLY=${ids# }
}

# Never with -q, with which dnf keeps to itself why it can't reach a repository.
# Runs the package manager, waiting with a bound for another program that installs: left alone, yum waits
# for ever, also for a list.
attempt_manager() { # WORD...
  local manager status bound=()
  package_manager
  manager=$REPLY
  while :; do
    if [[ $LOOK == yes ]]; then
      ((SECONDS < LOOK_UNTIL)) || exit "$LOOK_CANT_TELL"
      bound=(timeout $((LOOK_UNTIL - SECONDS)))
    fi
    attempt openly ${bound[@]+"${bound[@]}"} "$manager" --setopt=exit_on_lock=True "$@"
    status=$?
    [[ $LOOK == no || $status != 124 ]] || exit "$LOOK_CANT_TELL"
    if ((status == 0)) || ! manager_is_busy; then return "$status"; fi
    [[ $LOOK == no ]] || exit "$LOOK_CANT_TELL"
    ((SECONDS < LOCK_DEADLINE)) \
      || fail "another program is installing packages, and this run waits for others no longer than $LOCK_WAIT s: run this again when it is done ($(head -n 1 <<<"$OUTPUT"))"
    sleep 1
  done
}

# Has another program a lock? A lock that can't be made, such as on a read-only file system, is told by the same
# status, and by yum even as another program's.
manager_is_busy() {
  case $OUTPUT in
    *'already locked by '* | *'another copy is running as pid '*) return 0 ;;
    *'transaction lock on '*'(Resource temporarily unavailable)'*) return 0 ;;
  esac
  return 1
}

# Ends the run with what the package manager said, told as what it is.
manager_failed() { # WHAT
  local words reason
  words=$(sed -n '/^\(Error\|failure\|Cannot\|Could not\|There are no enabled\)/,$p' <<<"$OUTPUT" | grep -v '^[[:space:]]*$\|^(try to add' | tail -n 8)
  words=${words:-$(tail -n 5 <<<"$OUTPUT")}
  # dnf says why a repository can't be reached in a line of its own, once for each try.
  reason=$(sed -n 's/^  - //p' <<<"$OUTPUT" | head -n 1)
  [[ -z $reason ]] || words="$reason; ${words##*$'\n'}"
  package_manager
  case $OUTPUT in
    *'transaction lock on '* | *'Could not create lock at '* | *'Malformed lock file '*)
      fail "$REPLY $1, since a lock can't be made: $(grep -m 1 'transaction lock on \|Could not create lock at \|Malformed lock file ' <<<"$OUTPUT")"
      ;;
    *'GPG signature'* | *'import keys'*)
      # Only what installs may take a repository's new key.
      [[ $LOOK == no ]] || exit "$LOOK_CANT_TELL"
      fail "$REPLY $1, since a repository's signature can't be checked; give its key (gpgkey) or another address in its file in /etc/yum.repos.d: $words"
      ;;
    *'ailed to download metadata'* | *'internal mirrorlist'* | *'repository metadata'* | *'valid baseurl'* | *'failure: repodata'* | *'retrieve mirrorlist'*)
      fail "$REPLY $1, since this host can't reach a package repository. See to its network, set SystemPackages.yumProxy where a proxy is needed, or switch the repository off in /etc/yum.repos.d. In $REPLY's words: $words"
      ;;
    *'no enabled repos'*)
      fail "$REPLY $1: this host has no enabled package repository. Add one with SystemPackages.yumRepositories, or enable the host's own in /etc/yum.repos.d"
      ;;
    # Of a conflict the first line says most.
    *Problem*) fail "$REPLY $1: ${words//$'\n'/; }" ;;
    *) fail "$REPLY $1: $words" ;;
  esac
}

# --- Module streams: enabled where the host has them, else a plain package of that version will do --------

converge_modules() {
  local index
  for index in ${E_KIND[@]+"${!E_KIND[@]}"}; do
    [[ ${E_KIND[index]} != module ]] || converge_module "$index"
  done
}

converge_module() { # INDEX
  local spec=${E_WORDS[$1]} name stream package streams='' line versions=''
  name=${spec%%:*}
  stream=${spec#*:}
  attribute "$1" package ''
  package=$REPLY
  package_manager
  if [[ $REPLY == dnf ]]; then
    enabled_stream "$name"
    [[ $REPLY != "$stream" ]] || return 0
    [[ -z $REPLY ]] || fail "the host has the module $name:$REPLY enabled, not $stream: changing it changes the major version of what is installed; when that is meant, run: dnf module reset $name"
  elif [[ $REPLY == none || -z $package ]]; then
    return 0
  fi
  # What is installed tells its version itself.
  if [[ -n $package ]]; then
    missing_packages "$package"
    [[ -n $REPLY ]] || return 0
  fi
  module_streams "$name"
  streams=$REPLY
  if [[ " $streams " == *" $stream "* ]]; then
    [[ $LOOK == no ]] || return 0
    attempt_manager -y module enable "$spec" || manager_failed "can't enable the module $spec"
    changed "enabled module $spec"
    return 0
  fi
  [[ -n $package ]] \
    || fail "the host's repositories have no module stream $spec (${streams:+they have }${streams:-nor any other of $name}): correct SystemPackages.moduleStreams"
  versions_offered "$name" "$package"
  while read -r line; do
    if [[ "$line." == "$package $stream."* ]]; then return 0; fi
    versions+=${line:+", $line"}
  done <<<"$REPLY"
  for line in $streams; do versions+=", module stream $name:$line"; done
  versions=${versions:-none at all}
  fail "the host's repositories have $name $stream neither as a module stream nor as the package $package. They offer ${versions#, }: set PostgresDatabase.version to a version among these (where the package has another name, PostgresDatabase.packages too), or add a repository that has $stream with SystemPackages.yumRepositories"
}

# Leaves the streams that the repositories have of a module.
module_streams() { # NAME
  local line word streams=''
  package_manager
  if [[ $REPLY == dnf ]] && ! attempt_manager -y module list "$1"; then
    [[ $OUTPUT == *'No matching Modules'* ]] || manager_failed "can't list the streams of $1"
    OUTPUT=''
  fi
  if [[ $REPLY == dnf ]]; then
    while IFS= read -r line; do
      # "postgresql 15 [d]  client, server [d]  PostgreSQL server"; a long summary goes on below.
      if [[ $line == "$1 "* ]]; then
        read -r _ word _ <<<"$line"
        streams+=" $word"
      fi
    done <<<"$OUTPUT"
  fi
  REPLY=${streams# }
}

# Leaves name and version of each package whose name is like PACKAGE, one a line: postgresql18-server too.
versions_offered() { # MODULE PACKAGE
  local key value name='' offered=''
  attempt_manager -y info available "$1*${2#"$1"}" \
    || [[ $OUTPUT == *'No matching Packages'* ]] || manager_failed "can't list the versions of $2"
  while IFS=: read -r key value; do
    value=${value# }
    case $key in
      Name\ *) name=$value ;;
      Version\ *) offered+="$name $value"$'\n' ;;
    esac
  done <<<"$OUTPUT"
  REPLY=${offered%$'\n'}
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

# Looks for what the entries ask for, without a change: leaves in REPLY what can't be had, each with its way
# out, and nothing when all is there. Fails when the repositories don't say it in time.
look_for_packages() {
  LOOK_UNTIL=$((SECONDS + 40))
  REPLY=$(look_at converge_modules && look_at converge_packages)
}

# Prints the reason for which a step would fail.
look_at() { # STEP
  local status
  (
    LOOK=yes
    "$1"
  ) 2>&1
  status=$?
  ((status != LOOK_CANT_TELL))
}
