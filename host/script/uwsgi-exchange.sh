
# --- Exchange: our service uwsgi takes the place of one that somebody else made, and gives it back --------
#
# The former one's unit or init script is a path like any other: kept aside, and put back. What is done
# here is about its processes: they run on until ours is about to start, and are started again when what
# they were started by is back.

readonly FORMER_UWSGI='former-service uwsgi'

UWSGI_EXCHANGE=none # take: a running service of somebody's ends for ours; give: the other way round
EXCHANGED_MASTER=''  # our master, as it was before the unit went

# Works out from the paths that will be swapped whether the service changes hands.
plan_uwsgi_exchange() {
  local index
  UWSGI_EXCHANGE=none
  if [[ -n ${OWNERS[$FORMER_UWSGI]-} && $VERB == apply ]] && wants_unit; then
    own "$FORMER_UWSGI" sole "${FORMER[$FORMER_UWSGI]}" "${MADE[$FORMER_UWSGI]}"
  fi
  for index in ${C_PATH[@]+"${!C_PATH[@]}"}; do
    [[ ${C_PATH[index]} == "$UWSGI_UNIT" ]] || continue
    case ${C_WANT[index]} in
      file*)
        [[ -z ${OWNERS["path $UWSGI_UNIT"]-} ]] || return 0
        state_service uwsgi
        [[ $REPLY != *' running' ]] || UWSGI_EXCHANGE=take
        ;;
      *)
        is_ours "$FORMER_UWSGI" || return 0
        UWSGI_EXCHANGE=give
        # Neither reloaded nor restarted: it ends.
        UWSGI_ACTION=nothing
        uwsgi_master
        EXCHANGED_MASTER=$REPLY
        ;;
    esac
  done
}

wants_unit() {
  local index
  for index in ${W_STATE[@]+"${!W_STATE[@]}"}; do
    [[ ${E_PATH[index]} != "$UWSGI_UNIT" ]] || return 0
  done
  return 1
}

# The paths are swapped, and systemd has read its units.
exchange_uwsgi() { # [RELEASE]
  case $UWSGI_EXCHANGE in
    take) take_uwsgi_over "${1-}" ;;
    give) give_uwsgi_back ;;
  esac
}

take_uwsgi_over() { # RELEASE
  local ini pidfile
  uwsgi_ini
  ini=$REPLY
  uwsgi_option "$ROOT$ini" pidfile ''
  pidfile=$REPLY
  mark_uwsgi_log
  step exchange-uwsgi take "$ini" "${pidfile:--}"
  end_former_uwsgi
  : >"$JOURNAL/former-uwsgi-ended" || fail "can't write the journal: is the file system full?"
  service_request uwsgi restart \
    || fail "uwsgi does not start in the former one's place: $REPLY"$'\n'"$(uwsgi_reason "$(uwsgi_log_since)")"
  prove_uwsgi '' ' ' "$1" || fail "uwsgi was started in the former one's place, but $REPLY"
  own "$FORMER_UWSGI" sole running replaced
  changed "started uwsgi in place of the service that ran before ($REPLY)"
  [[ -z $APPLICATION ]] || prove_release
}

# Ends every process of the service. Nobody answers from the end of its workers to the start of ours, so
# nothing is forked here; and a master that was told to end takes up to a second for it, for which there is
# no reason once its workers are gone. They finish their requests, in the time that others can wait.
end_former_uwsgi() {
  local pids=() workers=() master silence pid deadline
  exec {silence}<> <(:)
  processes_of_service uwsgi.service
  read -r -a pids <<<"$REPLY"
  single_master ${pids[@]+"${pids[@]}"}
  master=$REPLY
  if [[ -n $master ]]; then
    for pid in "${pids[@]}"; do
      [[ $pid == "$master" ]] || workers+=("$pid")
    done
    # Stopped, it starts no new ones.
    kill -STOP "$master" 2>/dev/null
    kill -HUP ${workers[@]+"${workers[@]}"} 2>/dev/null
    deadline=$((SECONDS + 3))
    while ((SECONDS < deadline)) && any_lives ${workers[@]+"${workers[@]}"}; do
      read -r -t 0.01 -u "$silence"
    done
    kill -KILL "${pids[@]}" 2>/dev/null
  else
    # To SIGTERM uWSGI starts anew, unless it was told --die-on-term.
    kill -INT ${pids[@]+"${pids[@]}"} 2>/dev/null
  fi
  deadline=$((SECONDS + 10))
  while any_lives ${pids[@]+"${pids[@]}"}; do
    ((SECONDS < deadline)) || kill -KILL "${pids[@]}" 2>/dev/null
    read -r -t 0.01 -u "$silence"
  done
  exec {silence}>&-
}

# Leaves the one uWSGI that all the others are children of; nothing where they have another order.
single_master() { # PID...
  local pid master='' word=''
  for pid in "$@"; do
    parent_of "$pid"
    [[ " $* " != *" $REPLY "* ]] || continue
    [[ -z $master ]] || { REPLY='' && return; }
    master=$pid
  done
  for pid in "$@"; do
    parent_of "$pid"
    [[ $pid == "$master" || $REPLY == "$master" ]] || { REPLY='' && return; }
  done
  IFS= read -r -d '' word 2>/dev/null <"/proc/$master/cmdline"
  REPLY=''
  if [[ ${word##*/} == uwsgi ]]; then REPLY=$master; fi
}

parent_of() { # PID
  local stat='' state
  read -r stat 2>/dev/null <"/proc/$1/stat"
  read -r state REPLY _ <<<"${stat##*) }"
}

# One that ended and that its parent has not noticed yet is no longer alive.
any_lives() { # PID...
  local pid stat
  for pid in "$@"; do
    stat=''
    read -r stat 2>/dev/null <"/proc/$pid/stat"
    stat=${stat##*) }
    [[ -z $stat || $stat == Z* ]] || return 0
  done
  return 1
}

# Leaves the pids of a service's processes.
processes_of_service() { # NAME.service
  local process found=''
  for process in /proc/[0-9]*; do
    service_of_process "${process#/proc/}"
    if [[ $REPLY == "$1" ]]; then found+=" ${process#/proc/}"; fi
  done
  REPLY=${found# }
}

# What ran before us runs again. It may have lost by now what it needs: that is told, and keeps nothing else
# from being given back.
give_uwsgi_back() {
  step exchange-uwsgi give
  end_uwsgi_master "$EXCHANGED_MASTER"
  disown_key "$FORMER_UWSGI"
  if start_former_uwsgi; then
    changed 'started the service uwsgi that ran before'
  else
    note "the service uwsgi that ran before does not start: $REPLY"
  fi
}

# Ends our service as its unit would, which is gone: once the requests under way are answered.
end_uwsgi_master() { # PID|""
  local deadline=$((SECONDS + 45)) next=0
  [[ -n $1 ]] || return 0
  while any_lives "$1"; do
    if ((SECONDS >= deadline)); then
      kill -KILL "$1" 2>/dev/null
    elif ((SECONDS >= next)); then
      # One that still makes its workers takes no notice.
      kill -TERM "$1" 2>/dev/null
      next=$((SECONDS + 2))
    fi
    sleep 0.05
  done
}

# It is never stopped for that: a stop may take as long as the time limit of its unit.
start_former_uwsgi() {
  local deadline=$((SECONDS + 5))
  while ((SECONDS < deadline)); do
    attempt systemctl show -p ActiveState -- uwsgi.service
    [[ $OUTPUT == *=active || $OUTPUT == *=deactivating ]] || break
    # systemd may have started it again by itself; or it has not yet noticed that ours ended.
    processes_of_service uwsgi.service
    [[ -z $REPLY ]] || break
    sleep 0.1
  done
  service_request uwsgi start || return 1
  state_service uwsgi
  [[ $REPLY == *' running' ]]
}

# --- The way back ---

undo_uwsgi_exchange() { # take INI PIDFILE | give
  local pid=''
  if [[ $1 == give ]]; then
    end_former_uwsgi
    renew_uwsgi renew '' || fail "uwsgi does not run again: $REPLY"
    return 0
  fi
  if [[ ! -e $JOURNAL/former-uwsgi-ended ]]; then
    # It was told to end by now, or it was not.
    sleep 1
    processes_of_service uwsgi.service
    [[ -z $REPLY ]] || return 0
  fi
  if [[ $3 != - ]]; then read -r pid 2>/dev/null <"$ROOT$3"; fi
  if is_uwsgi_process "$pid" "$2"; then end_uwsgi_master "$pid"; fi
  # A start that got stuck has no master yet.
  end_former_uwsgi
  start_former_uwsgi || fail "the service uwsgi that ran before does not start: $REPLY"
}
