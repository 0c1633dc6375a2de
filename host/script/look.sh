
# --- Look: survey and probe side by side, for a preview. Reads only ---------------------------------------
#
# A login may be allowed to run this verb and nothing else (docs/ci.md): who calls it is not trusted. So nothing of the
# caller's place, terminal, limits (limit.sh), variables and input is used, each word is checked before anything else
# reads it, and no word names a program, an option or a file that root or postgres would run or open for the caller.

look() { # the words of `survey`
  local answer
  leave_the_caller
  check_look "$@"
  exec 3< <(
    # The server is asked once for all that it is compared with.
    VERB=probe
    probe 2>&1 && printf 'preflight complete\n'
  )
  survey "$@"
  answer=$(cat <&3)
  if [[ $answer != *'preflight complete' ]]; then
    printf '%s\n' "$answer" >&2
    exit 1
  fi
  printf '%s\n' "$answer"
}

# Python would load modules from the caller's home, and rpm macros, which run commands.
leave_the_caller() {
  local name
  exec </dev/null
  while read -r name; do
    [[ $name == @(PATH|LC_ALL|TRACKS_ROOT) ]] || export -n "${name?}"
  done < <(compgen -e)
  export HOME=~root
}

readonly LOOK_NAME='[A-Za-z0-9][A-Za-z0-9._+-]*'
readonly LOOK_PROXY='^https?://[^[:space:][:cntrl:]@"\]+$'
readonly LOOK_FORMS='user=NAME, login=NAME, listen=PORT, default=yes|no, server=NAME, path=PATH, application=CURRENT,VIRTUALENV,SHARED,SOCKET,STATS,INTERPRETER, postgresql=SERVICE,auto|BINARIES,auto|DATA,PORT, want=package NAME..., want=module NAME:STREAM [package=NAME], repository=ID and proxy=URL'

check_look() { # WORD...
  local word value
  for word in "$@"; do
    value=${word#*=}
    case $word in
      user=* | login=*) [[ $value =~ $NAME_PATTERN ]] ;;
      listen=*) is_look_port "$value" ;;
      default=yes | default=no) ;;
      server=*) [[ $value =~ ^[A-Za-z0-9*._-]+$ ]] ;;
      path=*) is_look_path "$value" ;;
      application=*) is_look_application "$value" ;;
      postgresql=*) is_look_server "$value" ;;
      want=*) is_look_package "$value" ;;
      repository=*) [[ $value =~ ^[A-Za-z0-9][A-Za-z0-9._:-]*$ ]] ;;
      proxy=*) [[ $value =~ $LOOK_PROXY ]] ;;
      *) false ;;
    esac || fail "look accepts $LOOK_FORMS, each with values as the program sends them, not \"${word//[^[:print:]]/ }\""
  done
}

is_look_port() { # TEXT
  [[ $1 =~ ^[1-9][0-9]{0,4}$ && $1 -le 65535 ]]
}

is_look_path() { # TEXT
  [[ $1 =~ $PATH_PATTERN && ! $1 =~ /\.{1,2}(/|$) ]]
}

is_look_application() { # TEXT
  local parts=() index
  [[ $1 =~ ^[A-Za-z0-9._@%+:,=~/-]+$ ]] || return 1
  IFS=, read -r -a parts <<<"$1"
  ((${#parts[@]} == 6)) || return 1
  for index in 0 1 2 5; do is_look_path "${parts[index]}" || return 1; done
  for index in 3 4; do
    [[ ${parts[index]} == 127.0.0.1:* ]] && is_look_port "${parts[index]#127.0.0.1:}" || return 1
  done
}

is_look_server() { # TEXT
  local service binaries data port
  [[ $1 =~ ^[A-Za-z0-9._@%+:,=~/-]+$ ]] || return 1
  IFS=, read -r service binaries data port <<<"$1"
  [[ $service =~ ^[A-Za-z0-9][A-Za-z0-9@._-]*$ ]] && is_look_port "$port" || return 1
  [[ $binaries == auto ]] || is_look_path "$binaries" || return 1
  [[ $data == auto ]] || is_look_path "$data" || return 1
  # To ask an init script for its state, root runs it, and not every script knows the word `status`.
  init_system
  [[ $REPLY == systemd || $service == *postgres* || $service == *pgsql* ]] \
    || fail "look asks no init script for its state but those with postgres or pgsql in their name, not $service: set PostgresDatabase.service to such a name"
}

# dnf and yum take what ends in .rpm for a file of this host.
is_look_package() { # ENTRY
  [[ "$1 " != *'.rpm '* ]] || return 1
  [[ $1 =~ ^package(\ $LOOK_NAME)+$ || $1 =~ ^module\ $LOOK_NAME:$LOOK_NAME(\ package=$LOOK_NAME)?$ ]]
}

# Fails where others than root and postgres could have put the server's programs there, which run as postgres.
check_server_programs() {
  local program
  for program in "$PG_BINARIES/postgres" "$PG_BINARIES/psql"; do
    is_roots_or_postgres "$program" \
      || fail "others than root and postgres can replace $program, which a preview runs as postgres: give it, the directories above it and the links that lead there to root, without write permission for group and others (chown root, chmod go-w)"
  done
}

# Can nobody but root and postgres change what is at a path, a directory above it, or a link on the way there?
is_roots_or_postgres() { # PATH
  local path=$1 postgres=none hop kind uid mode count
  IFS=: read -r _ _ postgres _ < <(getent passwd postgres)
  for ((hop = 0; hop < 8; hop++)); do
    ancestors "$path"
    count=0
    while IFS='|' read -r kind uid mode; do
      [[ $uid == 0 || $uid == "$postgres" ]] || return 1
      if [[ $kind == 'symbolic link' ]]; then
        follow_link "$path" "${CHAIN[count]}"
        path=$REPLY
        continue 2
      fi
      ((!(8#$mode & 0022))) || return 1
      count=$((count + 1))
    done < <(stat -c '%F|%u|%a' -- "${CHAIN[@]/#/$ROOT}" 2>/dev/null)
    ((count == ${#CHAIN[@]}))
    return
  done
  return 1
}
