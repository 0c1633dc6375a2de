
# --- Status: read only ---

status() { # [site=HOST,PORT,PATH] [current=PATH] [stats=ADDRESS:PORT] [path=PATH]...
  local argument name
  # First: an answer of the site may take as long as the restart that it waits for.
  for name in $SUBSYSTEMS; do
    if flock_is_held "$name"; then
      fact "changing/$name" "$REPLY"
    elif [[ -d $STATE/journal/$name ]]; then
      fact "interrupted/$name" "$(cat -- "$STATE/journal/$name/resource" 2>/dev/null)"
    fi
  done
  for name in uwsgi nginx; do
    status_of_service "$name"
  done
  for argument in "$@"; do
    case $argument in
      site=*) status_of_site "${argument#site=}" ;;
      current=*) status_of_release "${argument#current=}" ;;
      stats=*) status_of_workers "${argument#stats=}" ;;
      path=*) status_of_disk "${argument#path=}" ;;
      *) fail "status accepts site=HOST,PORT,PATH, current=PATH, stats=ADDRESS:PORT and path=PATH, not \"$argument\"" ;;
    esac
  done
  ! compgen -G "$STATE/resources/$SCOPE/*/waits-for-deployment" >/dev/null || fact waiting-settings yes
  probe
}

status_of_service() { # uwsgi|nginx
  local master count
  state_service "$1"
  fact "service/$1" "$REPLY"
  "$1_master"
  master=$REPLY
  [[ -n $master ]] || return 0
  "$1_workers" "$master"
  count=$(wc -w <<<"$REPLY")
  process_seconds "$master"
  fact "process/$1" "$master $REPLY $count"
}

# Leaves the age of a process, in seconds.
process_seconds() { # PID
  local up line fields
  read -r up _ </proc/uptime
  line=$(cat "/proc/$1/stat" 2>/dev/null)
  read -r -a fields <<<"${line##*) }"
  REPLY=$((${up%.*} - ${fields[19]:-0} / 100))
}

status_of_site() { # HOST,PORT,PATH
  local host port path
  IFS=, read -r host port path <<<"$1"
  # Otherwise nginx would redirect to the URI with the slash.
  [[ $path == *[./] || $path == *[.?]* ]] || path+=/
  if site_answer "$port" "$path" "$host"; then
    fact site "$REPLY"
  else
    fact site 'silent release=none'
  fi
}

# Only root makes the link: it is as old as the last switch to a release.
status_of_release() { # CURRENT-LINK
  local target
  [[ -L $ROOT$1 ]] || return 0
  target=$(readlink -- "$ROOT$1")
  fact release "${target##*/} $(stat -c %Y -- "$ROOT$1")"
}

# Prints how many workers are in which state, and no other statistics, since those have requests in them.
status_of_workers() { # ADDRESS:PORT
  local fd count state counts=''
  { exec {fd}<>"/dev/tcp/${1%:*}/${1##*:}"; } 2>/dev/null || return 0
  while read -r count state; do
    counts+=" $state=$count"
  done < <(timeout 5 cat <&"$fd" | grep -o '"status":"[a-z0-9]*"' | sed 's/.*:"//;s/"$//' | sort | uniq -c)
  exec {fd}>&-
  fact workers "${counts# }"
}

status_of_disk() { # PATH
  local percent available mount
  read -r available percent mount < <(df -P -k -- "$ROOT$1" 2>/dev/null | awk 'NR == 2 { print $4, $5, $6 }')
  [[ -z $mount ]] || fact "disk/$mount" "${percent%\%} $available"
}
