
# --- nginx: a reload has succeeded when all workers are new, whatever the exit status ---------------------

# Leaves the pid of the running master in REPLY, or nothing.
nginx_master() {
  local file pid
  configured_pid_path
  local files=("$REPLY")
  nginx_pid_path
  files+=("$REPLY")
  for file in "${files[@]}"; do
    pid=''
    [[ -z $file ]] || read -r pid 2>/dev/null <"$ROOT$file"
    if is_nginx_process "$pid" 'nginx: master'; then
      REPLY=$pid
      return
    fi
  done
  REPLY=''
}

# The pid file that the live nginx.conf names, or nothing.
configured_pid_path() {
  local line pid=''
  [[ ! -r $ROOT$NGINX_CONF ]] || while IFS= read -r line; do
    if [[ $line =~ ^[[:space:]]*pid[[:space:]]+[\"\']?(/[^\;\"\'[:space:]]+) ]]; then pid=${BASH_REMATCH[1]}; fi
  done <"$ROOT$NGINX_CONF"
  REPLY=$pid
}

is_nginx_process() { # PID TITLE
  local title=''
  [[ $1 =~ ^[0-9]+$ && -r /proc/$1/cmdline ]] || return 1
  IFS= read -r -d '' title 2>/dev/null <"/proc/$1/cmdline"
  [[ $title == "$2"* ]]
}

# Leaves the master's workers that accept requests, as " PID PID ", without those that are shutting down.
nginx_workers() { # MASTER
  local stat line pid parent workers=' '
  for stat in /proc/[0-9]*/stat; do
    line=''
    read -r line 2>/dev/null <"$stat" || continue
    read -r _ parent _ <<<"${line##*) }"
    [[ $parent == "$1" ]] || continue
    pid=${line%% *}
    if is_nginx_process "$pid" 'nginx: worker process' && ! is_nginx_process "$pid" 'nginx: worker process is'; then
      workers+="$pid "
    fi
  done
  REPLY=$workers
}

# --- What nginx has logged since ---

EMERG_LOGS=() EMERG_OFFSETS=()

mark_error_logs() {
  local line path paths=() prefix
  nginx_build_option --prefix
  prefix=${REPLY:-$NGINX_TREE}
  nginx_build_option --error-log-path
  paths=("$REPLY")
  while IFS= read -r line; do
    if [[ $line =~ ^[[:space:]]*error_log[[:space:]]+[\"\']?([^\;\"\'[:space:]]+) ]]; then paths+=("${BASH_REMATCH[1]}"); fi
  done < <(cat -- "$ROOT$NGINX_CONF" "$WORK/candidate/nginx.conf" 2>/dev/null)
  EMERG_LOGS=() EMERG_OFFSETS=()
  while IFS= read -r path; do
    [[ -n $path && $path != stderr && $path != syslog:* ]] || continue
    [[ $path == /* ]] || path=${prefix%/}/$path
    EMERG_LOGS+=("$ROOT$path")
    EMERG_OFFSETS+=("$(stat -c %s -- "$ROOT$path" 2>/dev/null || echo 0)")
  done < <(printf '%s\n' "${paths[@]}" | sort -u)
}

# A line of nginx itself; a visitor's URI or browser may have the word [emerg] in it, too.
readonly NGINX_EMERG='^[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9:]{8} \[emerg\] [0-9]+#[0-9]+: '
EMERG_FIRST='' # the first one, which says why; the last one says that nginx gave up

# Leaves the last [emerg] line since the logs were marked, or nothing.
emerg_since() {
  local index found='' size
  EMERG_FIRST=''
  for index in ${EMERG_LOGS[@]+"${!EMERG_LOGS[@]}"}; do
    size=$(stat -c %s -- "${EMERG_LOGS[index]}" 2>/dev/null) || continue
    # The log was rotated meanwhile: everything in it is new.
    ((size >= EMERG_OFFSETS[index])) || EMERG_OFFSETS[index]=0
    ((size > EMERG_OFFSETS[index])) || continue
    found=$(print_log "${EMERG_LOGS[index]#"$ROOT"}" "${EMERG_OFFSETS[index]}" | grep -E "$NGINX_EMERG")
    [[ -z $found ]] || break
  done
  # "2015/04/28 14:26:08 [emerg] 2918#0: bind() to ...": the reason follows the process.
  REPLY=${found##*"[emerg] "}
  REPLY=${REPLY#*: }
  EMERG_FIRST=${found%%$'\n'*}
  EMERG_FIRST=${EMERG_FIRST#*"[emerg] "}
  EMERG_FIRST=${EMERG_FIRST#*: }
}

# --- Reload and proof ---

# Reloads a running nginx; one that does not run is started later, with the services.
reload_nginx() {
  local master workers
  nginx_master
  master=$REPLY
  if [[ -z $master ]]; then
    mark_error_logs
    return 0
  fi
  state_service nginx
  [[ $REPLY == *running ]] || fail "nginx runs (master $master), but its service is $REPLY: somebody started nginx without the service. As root, run: nginx -s quit; then run this again"
  nginx_workers "$master"
  workers=$REPLY
  mark_error_logs
  step reload "$master"
  if ! service_request nginx reload; then
    local said=$REPLY
    emerg_since
    fail "nginx did not reload: ${EMERG_FIRST:-$said}"
  fi
  if ! prove_generation "$master" "$workers"; then
    fail "nginx refused the reload and still serves the old configuration: $REPLY"
  fi
  changed "reloaded nginx (master $master, workers$workers->${REPLY% })"
}

# Waits for new workers of the same master; REPLY has them, or the reason why there are none.
prove_generation() { # MASTER OLD-WORKERS
  local master=$1 old=$2 deadline=$((SECONDS + PROOF_WAIT)) emerg='' pid fresh stale
  while :; do
    if ! is_nginx_process "$master" 'nginx: master'; then
      emerg_since
      REPLY="the master $master ended${REPLY:+: $REPLY}"
      return 1
    fi
    emerg_since
    emerg=$REPLY
    # A port in use may still become free: nginx tries five times before it gives up.
    if [[ -n $emerg && ! $emerg =~ ^bind\(\)\ to\ .*\(98: ]]; then
      step reload-refused "$master"
      REPLY=$EMERG_FIRST
      return 1
    fi
    nginx_workers "$master"
    fresh=no stale=no
    for pid in $REPLY; do
      if [[ $old == *" $pid "* ]]; then stale=yes; else fresh=yes; fi
    done
    if [[ $fresh == yes && $stale == no ]]; then return 0; fi
    if ((SECONDS >= deadline)); then
      REPLY=${emerg:-no new worker within $PROOF_WAIT s}
      return 1
    fi
    sleep 0.1
  done
}

# Waits until an nginx that was just started has a master with a worker.
prove_running_nginx() {
  local deadline=$((SECONDS + PROOF_WAIT)) master
  while :; do
    nginx_master
    master=$REPLY
    if [[ -n $master ]]; then
      nginx_workers "$master"
      if [[ $REPLY == *[0-9]* ]]; then return 0; fi
    fi
    if ((SECONDS >= deadline)); then
      emerg_since
      fail "nginx was started, but has no ${master:+worker}${master:-master with a worker} after $PROOF_WAIT s${REPLY:+: $REPLY}"
    fi
    sleep 0.1
  done
}

# After a run was undone: makes the running nginx load the former configuration.
reload_nginx_back() {
  local master
  nginx_master
  master=$REPLY
  if [[ -z $master ]]; then
    service_request nginx start || fail "nginx has ended, and does not start again with the former configuration: $REPLY"
    return
  fi
  nginx_workers "$master"
  local workers=$REPLY
  mark_error_logs
  service_request nginx reload || fail "nginx does not reload the former configuration: $REPLY"
  prove_generation "$master" "$workers" || fail "nginx refuses the former configuration: $REPLY"
}
