
# --- Packages: installed, never removed: others may need them by now ------------------------------------
#
# A name may be a capability: on Enterprise Linux 8, python3 is only provided by the package python36.

# With LOOK=yes nothing is changed and no lock is waited for; that runs in a subshell, which `fail` ends.
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

# Leaves the names, one per line, that no installed package has or provides.
missing_packages() { # NAME...
  local line missing=''
  while read -r line; do
    if [[ $line == 'no package provides '* ]]; then missing+="${line#no package provides }"$'\n'; fi
  done < <(rpm -q --whatprovides "$@" 2>/dev/null)
  REPLY=$missing
}

WANTED=() # the wanted packages, each with the names that it may have
CHOSEN=() # the name that is used of each
LOST=''   # what can't be installed, one line each, with the reason and how to fix it

# Installs what the package entries name and the host lacks.
converge_packages() {
  local entry
  want_packages
  for entry in ${WANTED[@]+"${WANTED[@]}"}; do FACTS+=("package $entry"); done
  install_wanted
}

# Leaves in WANTED what the package entries name.
want_packages() {
  local index
  WANTED=()
  for index in ${E_KIND[@]+"${!E_KIND[@]}"}; do
    if [[ ${E_KIND[index]} == package ]]; then WANTED+=("${E_WORDS[index]}"); fi
  done
}

# Installs what is wanted and missing, in one transaction.
install_wanted() {
  local name
  ((${#WANTED[@]} > 0)) || return 0
  package_manager
  [[ $REPLY != none ]] || fail "this host has neither dnf nor yum: only Enterprise Linux and its rebuilds (CentOS, Rocky, Alma) are supported"
  skip_installed
  ((${#WANTED[@]} > 0)) || return 0
  take_packages
  [[ -z $LOST ]] || fail "not every package can be installed: ${LOST%$'\n'}"
  [[ $LOOK == no ]] || return 0
  missing_packages "${CHOSEN[@]}"
  [[ -z $REPLY ]] || fail "the package manager reports success, but rpm does not list ${REPLY//$'\n'/ }: see the log of dnf or yum below /var/log, and run this again"
  for name in "${CHOSEN[@]}"; do
    changed "installed package $name"
  done
}

# Drops from WANTED what is installed under one of its names.
skip_installed() {
  local entry name all missing lacking=()
  ((${#WANTED[@]} > 0)) || return 0
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

# Installs each wanted package under the first of its names that the package manager knows. Once one of them
# can't be installed, the others are only looked for, so that all missing ones are reported at once.
take_packages() {
  local index name words status unknown progress
  LOST=''
  CHOSEN=()
  for index in "${!WANTED[@]}"; do CHOSEN[index]=${WANTED[index]%% *}; done
  while ((${#CHOSEN[@]} > 0)); do
    answer_manager
    attempt_manager "${ANSWER[@]}" install "${CHOSEN[@]}"
    status=$?
    words=$OUTPUT
    # When a name is unknown, dnf installs nothing, and yum installs the others.
    unknown=" $(sed -n -e 's/^Error: Unable to find a match: //p' -e 's/^No package \(.*\) available\.$/\1/p' <<<"$words" | paste -s -d ' ' -) "
    if [[ $unknown != *[^\ ]* ]]; then
      ((status == 0)) || [[ ${ANSWER[*]} != -y && $words == *@(Operation aborted|Exiting on user)* ]] \
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

ANSWER=(-y) # options by which the package manager answers its own questions

# Leaves in ANSWER a yes, or the options with which nothing is really installed and no key is imported.
answer_manager() {
  ANSWER=(-y)
  [[ $LOOK == yes || -n $LOST ]] || return 0
  package_manager
  # yum asks on stdin, which is closed, unless its settings say that it need not ask. On Enterprise Linux 6 it has no
  # --assumeno.
  if [[ $REPLY == dnf ]]; then ANSWER=(--assumeno); else ANSWER=(--setopt=assumeyes=0 --setopt=alwaysprompt=1); fi
}

# Uses the next name in place of an unknown one, or adds the package to LOST.
next_alternative() { # INDEX WORDS
  local entry=" ${WANTED[$1]} " name=${CHOSEN[$1]} reason
  reason=$(grep -m 1 "^All matches .* argument: $name\$" <<<"$2")
  case $reason in
    *'exclude filtering'*)
      LOST+="the host's own settings hide the package $name ($reason): remove it from \"exclude\" or \"excludepkgs\" in /etc/dnf/dnf.conf and in the files in /etc/yum.repos.d, or unlock it (dnf versionlock delete $name)"$'\n'
      ;;
    *'modular filtering'*)
      # With LOOK=yes the streams are not enabled yet.
      [[ $LOOK == yes ]] \
        || LOST+="a module stream hides the package $name ($reason): enable the stream that has it with SystemPackages.moduleStreams, or disable the module on the host, as root: dnf module disable MODULE (for its name: dnf module list)"$'\n'
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

# Leaves the names of the enabled repositories. On Enterprise Linux 6, -q lists nothing; without it, plug-ins
# print lines before and after the list.
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

# Runs the package manager, and waits up to a limit while another program installs: by itself yum waits
# forever, even to list packages. Never with -q: dnf then hides why it can't reach a repository.
attempt_manager() { # WORD...
  local manager status place=() bound=() temporary=${TMPDIR:-/tmp}
  package_manager
  manager=$REPLY
  # yum writes what nobody has confirmed to a temporary file, for later, and leaves it there.
  [[ $LOOK == no && -z $LOST ]] || place=(env TMPDIR="$temporary")
  while :; do
    if [[ $LOOK == yes ]]; then
      ((SECONDS < LOOK_UNTIL)) || exit "$LOOK_CANT_TELL"
      bound=(timeout $((LOOK_UNTIL - SECONDS)))
    fi
    attempt openly ${place[@]+"${place[@]}"} ${bound[@]+"${bound[@]}"} "$manager" --setopt=exit_on_lock=True "$@"
    status=$?
    ((${#place[@]} == 0)) || rm -f -- "$temporary"/yum_save_tx*
    # An address of a repository, which an error shows, may have a user and a password.
    OUTPUT=$(printf '%s' "$OUTPUT" | sed 's|://[^/[:space:]]*@|://[secret]@|g')
    [[ $LOOK == no || $status != 124 ]] || exit "$LOOK_CANT_TELL"
    if ((status == 0)) || ! manager_is_busy; then return "$status"; fi
    [[ $LOOK == no ]] || exit "$LOOK_CANT_TELL"
    ((SECONDS < LOCK_DEADLINE)) \
      || fail "another program is installing packages, and this run has waited $LOCK_WAIT s for it: run this again when that has ended ($(head -n 1 <<<"$OUTPUT"))"
    sleep 1
  done
}

# Does another program hold the lock? When the lock file can't be made, such as on a read-only file system, the exit
# status is the same, and yum even says that another program has it.
manager_is_busy() {
  case $OUTPUT in
    *'already locked by '* | *'another copy is running as pid '*) return 0 ;;
    *'transaction lock on '*'(Resource temporarily unavailable)'*) return 0 ;;
  esac
  return 1
}

# Ends the run with the cause, as found in the output of the package manager.
manager_failed() { # WHAT
  local words reason problem
  words=$(sed -n '/^\(Error\|failure\|Cannot\|Could not\|There are no enabled\)/,$p' <<<"$OUTPUT" | grep -v '^[[:space:]]*$\|^(try to add' | tail -n 8)
  words=${words:-$(tail -n 5 <<<"$OUTPUT")}
  # dnf says on a separate line, once per try, why it can't reach a repository; such lines of a conflict are among
  # the words.
  reason=$(sed -n 's/^  - //p' <<<"$OUTPUT" | head -n 1)
  [[ -z $reason || $words == *"$reason"* ]] || words=$reason$'\n'${words##*$'\n'}
  package_manager
  case $OUTPUT in
    *'transaction lock on '* | *'Could not create lock at '* | *'Malformed lock file '*)
      fail "$REPLY $1, because it can't make its lock file: $(grep -m 1 'transaction lock on \|Could not create lock at \|Malformed lock file ' <<<"$OUTPUT")"
      ;;
    *'GPG signature'* | *'import keys'*)
      # Only an installation may accept a repository's new key.
      [[ $LOOK == no ]] || exit "$LOOK_CANT_TELL"
      fail "$REPLY $1, because it can't check a repository's signature. Set its key (gpgkey) or another address in its file in /etc/yum.repos.d. $REPLY says: $words"
      ;;
    *'ailed to download metadata'* | *'internal mirrorlist'* | *'repository metadata'* | *'valid baseurl'* | *'failure: repodata'* | *'retrieve mirrorlist'*)
      fail "$REPLY $1, because this host can't reach a package repository. Check the host's network, set SystemPackages.yumProxy if it needs a proxy, or disable the repository (enabled=0) in /etc/yum.repos.d. $REPLY says: $words"
      ;;
    *'no enabled repos'*)
      fail "$REPLY $1: this host has no enabled package repository. Add one with SystemPackages.yumRepositories, or enable the host's own in /etc/yum.repos.d"
      ;;
    *$'\n Problem'*)
      # About a conflict the first line says most: the others, which explain it, come before.
      problem=$(grep -m 1 '^ Problem' <<<"$words")
      fail "$REPLY $1: $(grep -v '^Error: *$' <<<"$words" | grep -vxF -e "$problem")"$'\n'"$problem"
      ;;
    *) fail "$REPLY $1: $words" ;;
  esac
}

# --- Module streams: enabled where the repositories have them, else a plain package of that version --------

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
    [[ -z $REPLY ]] || fail "the module stream $name:$REPLY is enabled on the host, and $name:$stream was asked for. Changing the stream changes the major version of what is installed. If you want that, run as root: dnf module reset $name"
  elif [[ $REPLY == none || -z $package ]]; then
    return 0
  fi
  # The version of an installed package is checked elsewhere.
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
    || fail "the host's repositories have no module stream $spec (${streams:+they have }${streams:-nor any other stream of $name}): correct SystemPackages.moduleStreams"
  versions_offered "$name" "$package"
  while read -r line; do
    if [[ "$line." == "$package $stream."* ]]; then return 0; fi
    versions+=${line:+", $line"}
  done <<<"$REPLY"
  for line in $streams; do versions+=", module stream $name:$line"; done
  versions=${versions:-none at all}
  fail "the host's repositories have $name $stream neither as a module stream nor as the package $package. They offer ${versions#, }: set PostgresDatabase.version to one of these versions (and PostgresDatabase.packages, if the package has another name), or add a repository that has $stream with SystemPackages.yumRepositories"
}

# Leaves the streams of a module in the repositories.
module_streams() { # NAME
  local line word streams=''
  answer_manager
  package_manager
  if [[ $REPLY == dnf ]] && ! attempt_manager "${ANSWER[@]}" module list "$1"; then
    [[ $OUTPUT == *'No matching Modules'* ]] || manager_failed "can't list the streams of $1"
    OUTPUT=''
  fi
  if [[ $REPLY == dnf ]]; then
    while IFS= read -r line; do
      # "postgresql 15 [d]  client, server [d]  PostgreSQL server"; a long summary continues on the next line.
      if [[ $line == "$1 "* ]]; then
        read -r _ word _ <<<"$line"
        streams+=" $word"
      fi
    done <<<"$OUTPUT"
  fi
  REPLY=${streams# }
}

# Leaves name and version of each package whose name is like PACKAGE, one per line: postgresql18-server too.
versions_offered() { # MODULE PACKAGE
  local key value name='' offered=''
  answer_manager
  attempt_manager "${ANSWER[@]}" info available "$1*${2#"$1"}" \
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

# Looks for what is in WANTED without changing anything: leaves in REPLY what can't be installed, each with its
# fix, and nothing when all can. Status 1 when the repositories don't answer in time, or a run installs: one look after
# the other would keep the package manager from it.
look_for_packages() {
  ! flock_is_held packages || return 1
  LOOK_UNTIL=$((SECONDS + 40))
  REPLY=$(look_at converge_modules && look_at install_wanted)
}

# Prints the reason why a step would fail.
look_at() { # STEP
  local status
  (
    LOOK=yes
    "$1"
  ) 2>&1
  status=$?
  ((status != LOOK_CANT_TELL))
}
