
# --- Survey: what kind of host this is, and what prevents a deployment. Reads only -------------------------

survey() { # [user=U] [login=U] [listen=PORT] [default=yes|no] [server=NAME]... [path=PATH]... [application=...] [postgresql=SERVICE,BINARIES,DATA,PORT] [want=ENTRY]... [repository=ID]... [proxy=URL]
  local argument user='' login='' listen=80 default=no servers=' ' paths=() application='' postgresql='' repositories=() proxy=''
  for argument in "$@"; do
    case $argument in
      user=*) user=${argument#user=} ;;
      login=*) login=${argument#login=} ;;
      default=*) default=${argument#default=} ;;
      listen=*) listen=${argument#listen=} ;;
      server=*) servers+="${argument#server=} " ;;
      path=*) paths+=("${argument#path=}") ;;
      application=*) application=${argument#application=} ;;
      postgresql=*) postgresql=${argument#postgresql=} ;;
      want=*) parse_entry 0 "${argument#want=}" ;;
      repository=*) repositories+=("${argument#repository=}") ;;
      proxy=*) proxy=${argument#proxy=} ;;
      *) fail "survey accepts user=NAME, login=NAME, listen=PORT, default=yes|no, server=NAME, path=PATH, application=CURRENT,VIRTUALENV,SHARED,SOCKET,STATS,INTERPRETER, postgresql=SERVICE,BINARIES,DATA,PORT, want=ENTRY, repository=ID and proxy=URL, not \"$argument\"" ;;
    esac
  done
  ((${#FAULTS[@]} == 0)) || fail "survey: ${FAULTS[0]}"
  load_records
  survey_own_places
  survey_system
  survey_nginx "$servers"
  survey_masked_service nginx
  [[ -z $user ]] || survey_user "$user"
  [[ -z $login ]] || survey_spool "$login"
  survey_servers "$listen" "$default" "$servers"
  survey_paths ${paths[@]+"${paths[@]}"}
  [[ -z $application ]] || survey_application "$application"
  [[ -z $postgresql ]] || survey_postgresql "$postgresql"
  survey_packages "$proxy" ${repositories[@]+"${repositories[@]}"}
}

# Of several lines each, with a tab in place of a line break.
fact() { # KEY VALUE
  printf 'fact %s %s\n' "$1" "${2:-unknown}"
}

# What an `up` replaces, moves or meets. The program has the words: `host/surveyed.ts`.
conflict() { # KIND VALUE...
  tabbed conflict "$@"
}

# What ends an `up` before anything is changed.
obstacle() { # KIND VALUE...
  tabbed obstacle "$@"
}

# What a step of the `up` would say when it fails, as it is.
failure() { # LINES
  local told=()
  readarray -t told <<<"$1"
  obstacle failure "${told[@]}"
}

# Takes a step that reads only, without what it leaves in variables. Status 1 where it fails, which is told then.
survey_step() { # COMMAND...
  local told
  told=$("$@" 2>&1) && return
  failure "$told"
  return 1
}

tabbed() { # WORD...
  local word line=''
  for word in "$@"; do
    line+=$TAB${word//[$TAB$'\n']/ }
  done
  printf '%s\n' "${line#"$TAB"}"
}

# Root runs the script from the first of them, and believes what the second says. Also tells which script that is.
survey_own_places() {
  local place script=absent
  for place in /usr/local/libexec/tracks /var/lib/tracks; do
    while [[ -n $place && ! -e $ROOT$place ]]; do place=${place%/*}; done
    survey_step resolve_directory "$place/" || continue
    resolve_directory "$place/"
    # Where any user may make a name, the next one below it is not there yet.
    [[ -n $WRITER || ! -k $ROOT$REPLY ]] || WRITER='every user'
    if [[ -n $WRITER ]]; then
      obstacle own-place "${place:-/}" "$WRITER"
    elif [[ $place == /usr/local/libexec/tracks && -f $ROOT$place/$SCOPE ]]; then
      script=$(sha256sum -- "$ROOT$place/$SCOPE")
    fi
  done
  # Which one is at work here, when this one came by stdin.
  fact installed-script "${script%% *}"
}

survey_system() {
  local line id='' version='' name='' words=()
  if [[ -r $ROOT/etc/os-release ]]; then
    while IFS= read -r line; do
      line=${line//\"/}
      case $line in
        ID=*) id=${line#ID=} ;;
        VERSION_ID=*) version=${line#VERSION_ID=} ;;
        PRETTY_NAME=*) name=${line#PRETTY_NAME=} ;;
      esac
    done <"$ROOT/etc/os-release"
  elif [[ -r $ROOT/etc/redhat-release ]]; then
    # Enterprise Linux 6 has no os-release: "CentOS release 6.10 (Final)".
    IFS= read -r name <"$ROOT/etc/redhat-release"
    id=${name%% *}
    id=$(tr '[:upper:]' '[:lower:]' <<<"$id")
    if [[ $name =~ ([0-9][0-9.]*) ]]; then version=${BASH_REMATCH[1]}; fi
  fi
  fact os-id "$id"
  fact os-version "$version"
  fact os-name "$name"
  package_manager
  fact package-manager "$REPLY"
  init_system
  fact init "$REPLY"
  selinux_enabled
  fact selinux "$(tr '[:upper:]' '[:lower:]' <<<"$SELINUX")"
  ask_firewall
  fact firewalld "$FIREWALL"
  case $FIREWALL in
    running)
      firewall_warning
      [[ -z $REPLY ]] || conflict firewall-rules
      ;;
    silent)
      readarray -t words <<<"$FIREWALL_SAID"
      conflict firewall-silent "${words[@]}"
      ;;
  esac
  fact python "$(python_version)"
}

python_version() {
  local name
  for name in python3 python python2; do
    if have "$name"; then
      "$name" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null && return
    fi
  done
  printf 'absent\n'
}

survey_user() { # NAME
  local name=$1 entry uid
  [[ -z ${OWNERS["user $name"]-} ]] || return 0
  entry=$(getent passwd "$name") || return 0
  IFS=: read -r _ _ uid _ <<<"$entry"
  state_user "$name"
  survey_step primary_group "$name"
  conflict user "$name" "$uid" "$REPLY"
}

# Files in the login's spool of this scope, which were copied and not used yet, with their size. The directory is the
# login's, who could lead root anywhere by a link: so the login itself looks.
survey_spool() { # LOGIN
  local spool state size name mark=none files=()
  spool_of "$1"
  spool=${REPLY#"$ROOT"}
  if getent passwd "$1" >/dev/null 2>&1; then
    # shellcheck disable=SC2016 # the inner shell expands it
    readarray -t files < <(as_user "$1" / sh -c '
      stat -c "%F %U %a" -- "$1" || exit
      for file in "$1"/.made-* "$1"/*; do
        [ ! -f "$file" ] || [ -L "$file" ] || printf "%s %s\n" "$(stat -c %s -- "$file")" "${file##*/}"
      done' sh "$ROOT$spool" 2>/dev/null </dev/null)
  fi
  state=${files[0]-}
  files=(${files[@]+"${files[@]:1}"})
  for name in ${files[@]+"${files[@]#* }"}; do
    [[ $name != .made-* ]] || mark=${name#.made-}
  done
  case $state in
    "directory $1 700") if [[ $mark == none ]]; then fact spool unmarked; else fact spool "ready $mark"; fi ;;
    '') fact spool absent ;;
    *) fact spool open ;;
  esac
  for name in ${files[@]+"${files[@]}"}; do
    read -r size name <<<"$name"
    [[ $name == .made-* || ! $size =~ ^[0-9]+$ ]] || fact "spool/$name" "$size"
  done
}

# Reports wanted packages that the host lacks, and those that its repositories don't have. That depends on the
# repositories and the proxy that the same `up` sets: until they are set, the repositories are not asked.
survey_packages() { # PROXY REPOSITORY...
  local proxy=$1 id entry missing=''
  shift
  ((${#E_KIND[@]} > 0)) || return 0
  want_packages
  package_manager
  # Without one there is no rpm either, and no package.
  [[ $REPLY == none ]] || skip_installed
  for entry in ${WANTED[@]+"${WANTED[@]}"}; do missing+=$TAB${entry// / or }; done
  missing=${missing#"$TAB"}
  fact missing-packages "${missing:-none}"
  for id in "$@"; do
    [[ -e $ROOT/etc/yum.repos.d/$id.repo ]] || return 0
  done
  [[ -z $proxy ]] || has_proxy "$proxy" || return 0
  look_for_packages || return 0
  [[ -z $REPLY ]] || failure "$REPLY"
}

# Is it the whole value? Who asks for a part of it could find out the rest, which may have a password.
has_proxy() { # URL
  sed -n 's/^proxy[[:space:]]*=[[:space:]]*//p' "$ROOT/etc/dnf/dnf.conf" "$ROOT/etc/yum.conf" 2>/dev/null | grep -qxF -- "$1"
}

# Reports files of somebody else at paths of ours.
survey_paths() { # PATH...
  local path
  for path in "$@"; do
    if [[ -z ${OWNERS["path $path"]-} ]] && [[ -e $ROOT$path || -L $ROOT$path ]] && ! is_vendors_file "$path"; then
      conflict file "$path"
    fi
  done
}

# Reports the present server and its content; `unknown` for what the server does not answer.
survey_postgresql() { # SERVICE,BINARIES,DATA,PORT
  local binaries data version=absent kind name roles='' databases=''
  IFS=, read -r PG_SERVICE binaries data PG_PORT <<<"$1"
  find_postgresql_binaries "$binaries"
  [[ $VERB != look || -z $PG_BINARIES ]] || check_server_programs
  find_postgresql_data "$data"
  survey_step check_postgresql_listener
  if [[ -n $PG_BINARIES ]]; then
    find_postgresql_version
    version=$PG_VERSION
  fi
  fact postgresql-server "$version"
  survey_masked_service "$PG_SERVICE"
  state_service "$PG_SERVICE"
  fact postgresql-service "${REPLY#* }"
  # A stopped cluster of an unfinished run of ours has no data yet.
  if ! has_postgresql_data || { [[ $REPLY != *' running' ]] && is_unfinished_cluster; }; then
    fact postgresql-data absent
    return
  fi
  fact postgresql-data "$PG_DATA"
  [[ -n $PG_BINARIES ]] || return 0
  if postgresql_ask; then
    while read -r kind name _; do
      case "$kind $name" in
        'role pg_'*) ;;
        'role '*) roles+=" $name" ;;
        'database '*) databases+=" $name" ;;
      esac
    done <<<"$PG_SNAPSHOT"
    postgresql_state setting password_encryption
    fact postgresql-encryption "$REPLY"
  else
    fact postgresql-said "${OUTPUT//$'\n'/$TAB}"
  fi
  fact postgresql-roles "${roles# }"
  fact postgresql-databases "${databases# }"
}
