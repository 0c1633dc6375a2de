
# --- Survey of what an application replaces: a checkout, a virtualenv, a service; and who uses its ports --

survey_application() { # CURRENT,VIRTUALENV,SHARED,SOCKET,STATS,INTERPRETER
  local current virtualenv shared socket stats interpreter owner
  IFS=, read -r current virtualenv shared socket stats interpreter <<<"$1"
  if [[ -x $ROOT$interpreter ]]; then fact interpreter present; else fact interpreter absent; fi
  # Without systemd the application is refused, and replaces nothing.
  init_system
  [[ $REPLY == systemd ]] || return 0
  utf8_locale || conflict locale
  survey_filesystems "$current" "$virtualenv" "$shared"
  survey_place "$current" "$shared"
  survey_place "$virtualenv" ''
  owner=${OWNERS["path $UWSGI_UNIT"]-}
  # Ours: the probe checks whether it runs.
  [[ $owner != "$SCOPE"/* ]] || return 0
  if [[ -n $owner ]]; then
    conflict uwsgi-of "${owner%%/*}"
    return
  fi
  survey_uwsgi_service
  survey_former_data "$current" "$shared"
  survey_listeners "$socket" "$stats"
}

# Reports file systems on which root can't safely prepare files.
survey_filesystems() { # PATH...
  local path
  for path in "$@"; do
    existing_ancestor "$path"
    survey_step other_filesystem "$REPLY"
  done
}

# Reports what is at the path of a future link of ours, and where data go that the site still needs.
survey_place() { # PATH SHARED
  local what='file'
  [[ -z ${OWNERS["path $1"]-} ]] && [[ -e $ROOT$1 || -L $ROOT$1 ]] || return 0
  if [[ -L $ROOT$1 ]]; then
    what='link'
  elif [[ -e $ROOT$1/.git ]]; then
    what='git checkout'
  elif [[ -d $ROOT$1 ]]; then
    what='directory'
  fi
  kept_place "$1"
  conflict place "$1" "$what" "$REPLY" "$2"
}

# Reports uploads, and without PostgreSQL the database, of a running site: our site would lack them. Once that
# site is stopped, its owner has decided what to copy.
survey_former_data() { # CURRENT SHARED
  local media='' database='' account=known
  state_service uwsgi
  [[ ${REPLY#* } == running && -z ${OWNERS["path $1"]-} ]] || return 0
  if has_files "$1/media" && ! has_files "$2/media"; then media=$1/media; fi
  if [[ -z $postgresql && -s $ROOT$1/db.sqlite3 && ! -e $ROOT$2/db.sqlite3 ]]; then database=$1/db.sqlite3; fi
  [[ -n $media$database ]] || return 0
  known_account passwd "$user" || account=new
  obstacle former-data "$2" "$media" "$database" "$user" "$account"
}

# Is there a file in a directory, or in the one that a link leads to? .gitkeep and the like don't count.
has_files() { # PATH
  [[ -d $ROOT$1 && -n $(find -H "$ROOT$1" -type f ! -name ".git*" -print -quit 2>/dev/null) ]]
}

# Leaves the directory in which a path would be kept; unlike store_for, creates nothing.
kept_place() { # PATH
  local top
  filesystem_top "$STATE" 2>/dev/null
  top=$REPLY
  existing_ancestor "$1"
  filesystem_top "$(readlink -f -- "$ROOT$REPLY")"
  if [[ $REPLY == "$top" ]]; then
    REPLY=$STATE/kept
  else
    REPLY=${REPLY%/}/.tracks/kept
  fi
  REPLY=${REPLY#"$ROOT"}
}

# Reports a service of the same name, from a unit, an init script, or both.
survey_uwsgi_service() {
  local files=() now
  former_uwsgi_files
  read -r -a files <<<"$REPLY"
  ((${#files[@]} > 0)) || return 0
  state_service uwsgi
  now=${REPLY#* }
  fact uwsgi-service "$now"
  conflict uwsgi "$now" "${files[@]}"
}

# Leaves the files that make a service uwsgi on this host.
former_uwsgi_files() {
  local file found=''
  for file in "$UWSGI_UNIT" "$UWSGI_UNIT.d" "$UWSGI_SCRIPT" /usr/lib/systemd/system/uwsgi.service; do
    if [[ -e $ROOT$file ]]; then found+=" $file"; fi
  done
  REPLY=${found# }
}

# Reports who listens on uWSGI's future addresses, except the service that ours replaces.
survey_listeners() { # ADDRESS:PORT...
  local address pid service
  for address in "$@"; do
    listening_socket "${address##*:}"
    [[ -n $REPLY ]] || continue
    socket_holder "$REPLY"
    pid=$REPLY
    [[ -n $pid ]] || continue
    service_of_process "$pid"
    service=$REPLY
    [[ $service != uwsgi.service ]] || continue
    first_words "$pid"
    fact "listener/$address" "$pid $service $REPLY"
  done
}

# Leaves the inode of the socket that listens on a port of the loopback or of every address, or nothing.
listening_socket() { # PORT
  local hex fields=() file
  printf -v hex '%04X' "$1"
  REPLY=''
  for file in /proc/net/tcp /proc/net/tcp6; do
    [[ -r $file ]] || continue
    while read -r -a fields; do
      # 0A is LISTEN; addresses are written in the order of bytes of a little-endian machine.
      # The table is read to its end all the same, or cat would complain.
      if [[ -z $REPLY && ${fields[3]} == 0A && ${fields[1]} =~ ^(0100007F|0+):$hex$ ]]; then
        REPLY=${fields[9]}
      fi
    done < <(cat "$file")
  done
}

# Leaves the process that has a socket: systemd, if it has it, else the parent of the others.
socket_holder() { # INODE
  local path pid stat parent holders=' '
  REPLY=''
  while IFS=/ read -r _ _ pid _; do
    holders+="$pid "
  done < <(find /proc/[0-9]*/fd -lname "socket:\\[$1\\]" 2>/dev/null)
  for pid in $holders; do
    read -r stat 2>/dev/null <"/proc/$pid/stat" || continue
    read -r _ parent _ <<<"${stat##*) }"
    if [[ $pid == 1 || $holders != *" $parent "* ]]; then
      REPLY=$pid
      [[ $pid != 1 ]] || return 0
    fi
  done
}

# Leaves the service of this host that a process belongs to, `container` for one of a container, or `-` for one
# that a person or a job has started.
service_of_process() { # PID
  local line
  REPLY=-
  if [[ $1 == 1 ]]; then
    REPLY=socket
    return
  fi
  # A container has services of its own, of the same names.
  line=$(readlink "/proc/$1/ns/pid")
  if [[ -n $line && $line != "$(readlink /proc/self/ns/pid)" ]]; then
    REPLY=container
    return
  fi
  while IFS= read -r line; do
    if [[ $line =~ /system\.slice/(.*/)?([^/]+\.service) ]]; then REPLY=${BASH_REMATCH[2]}; fi
  done 2>/dev/null <"/proc/$1/cgroup"
  case $REPLY in
    # A process that a login or a job started is not part of these services.
    sshd.service | ssh.service | crond.service | cron.service | atd.service) REPLY=- ;;
  esac
}

# Leaves the first words of a process's command, which identify it. Later words, and assignments, may
# have a secret in them.
first_words() { # PID
  local word words=()
  while IFS= read -r -d '' word && ((${#words[@]} < 3)); do
    [[ $word =~ ^[A-Za-z0-9_./:@+-]+$ ]] || break
    if ((${#words[@]} == 0)); then word=${word##*/}; fi
    words+=("$word")
  done 2>/dev/null <"/proc/$1/cmdline"
  REPLY=${words[*]-}
}
