
# --- Operate: an administrator starts and stops services. No manifest changes ----------------------------

OPERATE_FAILED=() # reasons why the action failed, one text per service

# Stops and starts services in this order: uwsgi, then nginx.
operate() { # start|stop|restart|reload uwsgi|nginx...
  local action=${1-} name locks='' names=()
  shift || true
  case $action in
    start | stop | restart | reload) ;;
    *) fail "operate \"$action\": must be start, stop, restart or reload, with uwsgi, nginx or both" ;;
  esac
  (($# > 0)) || fail "operate $action: must be followed by uwsgi, nginx or both"
  for name in "$@"; do
    [[ $name == uwsgi || $name == nginx ]] || fail "operate $action \"$name\": must be uwsgi or nginx"
  done
  for name in uwsgi nginx; do
    [[ " $* " == *" $name "* ]] || continue
    names+=("$name")
    # Waits for a deployment, and makes a later one wait.
    if [[ $name == uwsgi ]]; then locks+=' application uwsgi'; else locks+=' nginx'; fi
  done
  RESOURCE=services
  # shellcheck disable=SC2086 # a list of words
  tell_wait $locks
  # shellcheck disable=SC2086 # a list of words
  take_locks $locks
  # Who gave up waiting, or lost the connection, is not to find services restarted later.
  ! caller_is_gone || fail 'the caller is gone: nothing was done'
  for name in "${names[@]}"; do
    may_operate "$action" "$name"
  done
  if [[ $action == restart && ${#names[@]} -eq 2 ]]; then
    for name in "${names[@]}"; do operate_service stop "$name"; done
    for name in "${names[@]}"; do operate_service start "$name"; done
  else
    for name in "${names[@]}"; do operate_service "$action" "$name"; done
  fi
  ((${#CHANGES[@]} == 0)) || with_records_locked audit operated "${CHANGES[@]}"
  ((${#OPERATE_FAILED[@]} == 0)) || fail "$(printf '%s\n' "${OPERATE_FAILED[@]}")"
}

# Fails before anything is stopped.
may_operate() { # ACTION NAME
  state_service "$2"
  [[ $REPLY != absent ]] || fail "there is no service $2 on this host: install the package that brings it, or run pulumi up"
  [[ $1 != stop ]] || return 0
  [[ $REPLY != masked* ]] || fail "the service $2 is masked on this host, so nothing can start it. As root, run: systemctl unmask $2; then run this again"
  if [[ $2 == nginx ]]; then
    attempt detached nginx -t || fail "nginx refuses its configuration, nothing was touched: $OUTPUT"
  elif compgen -G "$STATE/resources/$SCOPE/*/waits-for-deployment" >/dev/null; then
    explain_waiting_settings
    fail "uwsgi must not load its settings now, nothing was touched"
  fi
}

operate_service() { # ACTION NAME
  local action=$1 name=$2 running=no
  state_service "$name"
  if [[ $REPLY == *' running' ]]; then running=yes; fi
  case $action,$running in
    stop,no) event unchanged "$name" stopped ;;
    start,yes) event unchanged "$name" running ;;
    reload,no) OPERATE_FAILED+=("$name does not run, so it can't reload: start it") ;;
    restart,no) "start_$name" start ;;
    stop,yes) operate_stop "$name" ;;
    *) "start_$name" "$action" ;;
  esac
}

operate_stop() { # NAME
  service_request "$1" stop || {
    OPERATE_FAILED+=("the service $1 did not stop: $REPLY")
    return
  }
  state_service "$1"
  if [[ $REPLY == *' running' ]]; then
    OPERATE_FAILED+=("the service $1 was stopped, and still runs")
  else
    event stopped "$1" ''
  fi
}

# Starts, restarts or reloads, and checks that all workers are new and the application answers.
start_uwsgi() { # start|restart|reload
  local said
  uwsgi_ini
  if [[ -z $REPLY ]]; then
    # A service of somebody else, whose workers are unknown.
    service_request uwsgi "$1" || {
      OPERATE_FAILED+=("the service uwsgi did not $1: $REPLY")
      return
    }
    event "$(past "$1")" uwsgi ''
    return
  fi
  if [[ $1 == start ]]; then
    mark_uwsgi_log
    init_system
    if [[ $REPLY == systemd ]]; then attempt systemctl reset-failed uwsgi.service; fi
    if ! service_request uwsgi start; then
      said=$REPLY
      OPERATE_FAILED+=("uwsgi did not start: $said"$'\n'"$(uwsgi_reason "$(uwsgi_log_since)")")
      return
    fi
    prove_uwsgi '' ' ' || {
      OPERATE_FAILED+=("uwsgi was started, but $REPLY")
      return
    }
  else
    renew_uwsgi "$1" '' || {
      OPERATE_FAILED+=("uwsgi did not $1: $REPLY")
      return
    }
  fi
  event "$(past "$1")" uwsgi "$REPLY"
}

start_nginx() { # start|restart|reload
  local master workers said
  nginx_master
  master=$REPLY
  nginx_workers "${master:-none}"
  workers=$REPLY
  mark_error_logs
  if ! service_request nginx "$1"; then
    said=$REPLY
    emerg_since
    OPERATE_FAILED+=("nginx did not $1: ${EMERG_FIRST:-$said}")
    return
  fi
  if [[ $1 == reload ]]; then
    prove_generation "$master" "$workers" || {
      OPERATE_FAILED+=("nginx refused the reload and still serves the old configuration: $REPLY")
      return
    }
  else
    # After a restart the old master may still exist for a moment.
    said=$( (prove_running_nginx) 2>&1) || {
      OPERATE_FAILED+=("$said")
      return
    }
  fi
  nginx_master
  master=$REPLY
  nginx_workers "${master:-none}"
  event "$(past "$1")" nginx "master $master, workers${REPLY% }"
}

past() { # start|restart|reload
  printf '%sed' "$1"
}

# Prints a line for the caller at once; writes it to the audit log at the end.
event() { # started|restarted|reloaded|stopped|unchanged NAME DETAIL
  printf '%s %s %s\n' "$1" "$2" "$3"
  [[ $1 == unchanged ]] || changed "$1 $2${3:+ ($3)}"
}
