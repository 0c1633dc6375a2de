
# --- uWSGI: tried before the swap, reloaded without losing a request, checked by new workers' answer -----

readonly UWSGI_UNIT=/etc/systemd/system/uwsgi.service
readonly UWSGI_SCRIPT=/etc/init.d/uwsgi
readonly UWSGI_PATH=/usr/sbin:/usr/bin:/sbin:/bin

# What the service needs to use the new files: nothing, reload, restart, or renew (stop and start).
UWSGI_ACTION=nothing
UWSGI_REASON=''
# Did it run when the swap began? After the swap its pid file may have another name.
UWSGI_RAN=no

# The service is a systemd unit: without systemd nothing would start it, and it replaces an init script.
refuse_without_systemd() {
  [[ $SUBSYSTEM == application || $SUBSYSTEM == uwsgi ]] || return 0
  init_system
  [[ $REPLY == systemd ]] || fail "this host does not run systemd, which the application's service uwsgi needs: deploy to a host with systemd (Enterprise Linux 7 to 10), or deploy the site without the application"
}

# Leaves the ini file that the service's unit names, or nothing where the unit is not ours.
uwsgi_ini() {
  REPLY=''
  [[ ! -r $ROOT$UWSGI_UNIT ]] || REPLY=$(sed -n '1{/^# Written by Pulumi /!q};s/^ExecStart=.* --ini \([^ ]*\)\( .*\)\{0,1\}$/\1/p' "$ROOT$UWSGI_UNIT")
}

# Leaves the first value of an option, or the default.
uwsgi_option() { # FILE KEY DEFAULT
  REPLY=$(sed -n "/^$2 *= */{s///p;q;}" "$1" 2>/dev/null)
  REPLY=${REPLY:-$3}
}

# Leaves the variables that the application gets from its service in AS_ENVIRONMENT; without a service only
# PRODUCTION is known.
service_environment() { # INI|"" yes|no
  local line
  AS_ENVIRONMENT=()
  [[ $2 != yes ]] || AS_ENVIRONMENT=(PRODUCTION=1)
  [[ -n $1 ]] || return 0
  while IFS= read -r line; do
    AS_ENVIRONMENT+=("$line")
  done < <(sed -n 's/[[:space:]]*$//;s/^env *= *\([A-Za-z_][A-Za-z0-9_]*=\)/\1/p' "$1" 2>/dev/null)
}

uwsgi_environment_names() { # FILE
  REPLY=$(sed -n 's/^env *= *\([^=]*\)=.*/\1/p' "$1" 2>/dev/null)
}

# Is there a master that runs this host's service?
uwsgi_is_running() {
  uwsgi_master
  [[ -n $REPLY ]]
}

# Leaves the pid of the running master in REPLY, or nothing. Only root can write its pid file.
uwsgi_master() {
  local ini file pid=''
  uwsgi_ini
  ini=$REPLY
  REPLY=''
  [[ -n $ini && -r $ROOT$ini ]] || return 0
  uwsgi_option "$ROOT$ini" pidfile ''
  file=$REPLY
  REPLY=''
  [[ -z $file ]] || read -r pid 2>/dev/null <"$ROOT$file"
  if is_uwsgi_process "$pid" "$ini"; then REPLY=$pid; fi
}

is_uwsgi_process() { # PID INI
  local command
  [[ $1 =~ ^[0-9]+$ && -r /proc/$1/cmdline ]] || return 1
  command=$(tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline")
  [[ ${command%% *} == */uwsgi && $command == *" --ini $2 "* ]]
}

# Leaves the workers of a master, as " PID PID ".
uwsgi_workers() { # MASTER
  local ini stat line pid parent workers=' '
  uwsgi_ini
  ini=$REPLY
  for stat in /proc/[0-9]*/stat; do
    line=''
    read -r line 2>/dev/null <"$stat" || continue
    read -r _ parent _ <<<"${line##*) }"
    [[ $parent == "$1" ]] || continue
    pid=${line%% *}
    if is_uwsgi_process "$pid" "$ini"; then workers+="$pid "; fi
  done
  REPLY=$workers
}

# --- Before the swap ---

# Determines what the service will need from the changes of its files.
plan_uwsgi_action() {
  local index path
  UWSGI_ACTION=nothing UWSGI_REASON=''
  for index in ${C_PATH[@]+"${!C_PATH[@]}"}; do
    path=${C_PATH[index]}
    case $path in
      *.ini) compare_uwsgi_options "$ROOT$path" "${C_STAGED[index]}" ;;
      "$UWSGI_UNIT") need_uwsgi restart 'its unit changed' ;;
    esac
  done
  uwsgi_binary_changed && need_uwsgi reload 'the program is another version'
  return 0
}

# Also asks systemd whether the service runs: with an edited unit, or without its options or its pid file, no
# master is found, although the old workers still serve. Then only a restart gives a master that can be found.
note_running_uwsgi() {
  local action=restart
  UWSGI_RAN=no
  if uwsgi_is_running; then
    UWSGI_RAN=yes
    return 0
  fi
  # A service of somebody else is exchanged, or does not concern this program.
  [[ $VERB == apply && ,${OWNERS["path $UWSGI_UNIT"]-} == *",$SCOPE/"* ]] || return 0
  state_service uwsgi
  [[ $REPLY == *' running' ]] || return 0
  UWSGI_RAN=yes
  uwsgi_ini
  # Without the options the socket that systemd holds for it is unknown.
  [[ -z $REPLY || -e $ROOT$REPLY ]] || action=renew
  need_uwsgi "$action" 'its unit, options and pid file did not lead to its master'
}

# Notes what has not taken effect because somebody has stopped the service.
note_stopped_uwsgi() { # WHAT
  [[ $UWSGI_RAN == yes || -z ${OWNERS["path $UWSGI_UNIT"]-} ]] || note "uwsgi does not run: $1"
}

# For a service whose files come without a release: tries the candidate while the old service runs.
prepare_uwsgi() {
  local index
  for index in ${C_PATH[@]+"${!C_PATH[@]}"}; do
    if [[ ${C_PATH[index]} == *.ini && ${C_STAGED[index]} != none ]]; then rehearse_uwsgi "${C_STAGED[index]}"; fi
  done
  plan_uwsgi_action
}

need_uwsgi() { # ACTION REASON
  local action
  for action in renew restart reload; do
    if [[ $1 == "$action" || $UWSGI_ACTION == "$action" ]]; then break; fi
  done
  UWSGI_ACTION=$action
  UWSGI_REASON+="${UWSGI_REASON:+, }$2"
}

# A reload reads every option again, but can't undo what the first start did as root, nor unset a
# variable, since uWSGI passes its environment on to itself.
compare_uwsgi_options() { # OLD NEW
  local key old name kept
  [[ -f $1 && -f $2 ]] || return 0
  need_uwsgi reload 'options changed'
  for key in uid gid logto pidfile; do
    uwsgi_option "$1" "$key" ''
    old=$REPLY
    uwsgi_option "$2" "$key" ''
    [[ $REPLY == "$old" ]] || need_uwsgi restart "$key changed"
  done
  for key in socket listen; do
    uwsgi_option "$1" "$key" ''
    old=$REPLY
    uwsgi_option "$2" "$key" ''
    [[ $REPLY == "$old" ]] || need_uwsgi renew "$key changed"
  done
  uwsgi_environment_names "$2"
  kept=$'\n'$REPLY$'\n'
  uwsgi_environment_names "$1"
  for name in $REPLY; do
    [[ $kept == *$'\n'"$name"$'\n'* ]] || need_uwsgi restart "the variable $name is gone"
  done
}

# pip replaced the program that the master runs.
uwsgi_binary_changed() {
  uwsgi_is_running || return 1
  [[ $(readlink -- "/proc/$REPLY/exe" 2>/dev/null) == *' (deleted)' ]]
}

# Starts the candidate next to the live service, up to the point where it would accept requests.
rehearse_uwsgi() { # INI
  local rehearsal=$WORK/rehearsal.ini program
  uwsgi_program_path
  program=$ROOT$REPLY
  {
    sed '/^\(socket\|stats\|logto\|touch-logreopen\|log-master\|pidfile\|processes\) *=/d' "$1"
    printf '%s\n' 'socket = 127.0.0.1:0' 'processes = 1' 'no-server = true'
  } >"$rehearsal"
  # uWSGI reloads on SIGTERM; and timeout of coreutils 8.4 has no -k.
  attempt detached timeout -s KILL "$START_WAIT" env -i PATH="$UWSGI_PATH" ${ROOT:+TRACKS_ROOT="$ROOT"} "$program" --ini "$rehearsal" \
    || fail "uwsgi refuses the new options: $(uwsgi_reason "$OUTPUT")"
}

# Prints the lines of uWSGI's output that say why.
uwsgi_reason() { # TEXT
  local said text
  # Without lines of requests, whose text comes from visitors.
  text=$(grep -v -E '^(subprocess [0-9]+ exited|\[pid: )' <<<"$1")
  said=$(grep -i -E 'error|unable|no python application|strict-mode|invalid|not found|denied|failed|No module|bind\(\)|in use|refus' <<<"$text" | tail -n 4)
  if [[ -z $said ]]; then said=$(tail -n 4 <<<"$text"); fi
  printf '%s' "$said"
}

# --- In force ---

UWSGI_LOG='' UWSGI_OFFSET=0

mark_uwsgi_log() {
  uwsgi_ini
  uwsgi_option "$ROOT$REPLY" logto /var/log/uwsgi.log
  UWSGI_LOG=$ROOT$REPLY
  UWSGI_OFFSET=$(stat -c %s -- "$UWSGI_LOG" 2>/dev/null || echo 0)
}

uwsgi_log_since() {
  local size
  size=$(stat -c %s -- "$UWSGI_LOG" 2>/dev/null || echo 0)
  ((size >= UWSGI_OFFSET)) || UWSGI_OFFSET=0
  print_log "${UWSGI_LOG#"$ROOT"}" "$UWSGI_OFFSET" | tail -n 200
}

# Makes the service use the new files; one that does not run is started with the services.
put_uwsgi_in_force() {
  [[ $UWSGI_ACTION != nothing && $UWSGI_RAN == yes ]] || return 0
  : >"$JOURNAL/uwsgi" || fail "can't write the journal: is the file system full?"
  renew_uwsgi "$UWSGI_ACTION" '' || fail "uwsgi does not run with the change ($UWSGI_REASON): $REPLY"
  changed "${UWSGI_ACTION/renew/restart}ed uwsgi: $UWSGI_REASON ($REPLY)"
}

# Reloads or restarts, and checks the result. REPLY has what runs now, or the reason and the last log lines.
renew_uwsgi() { # reload|restart|renew RELEASE
  local master workers
  uwsgi_master
  master=$REPLY
  workers=' '
  if [[ -n $master ]]; then
    uwsgi_workers "$master"
    workers=$REPLY
  fi
  mark_uwsgi_log
  init_system
  # Otherwise systemd refuses to start a service that has failed often.
  if [[ $REPLY == systemd ]]; then attempt systemctl reset-failed uwsgi.service; fi
  case $1 in
    reload) service_request uwsgi reload ;;
    restart) service_request uwsgi restart ;;
    renew) service_request uwsgi stop && service_request uwsgi start ;;
  esac || {
    REPLY+=$'\n'$(uwsgi_reason "$(uwsgi_log_since)")
    return 1
  }
  if [[ $1 != reload ]]; then master=''; fi
  prove_uwsgi "$master" "$workers" "$2"
}

# Reloads for another subsystem, such as a new release: REPLY as above, status 1 on failure.
reload_uwsgi() { # [RELEASE]
  if uwsgi_is_running; then
    renew_uwsgi reload "${1-}"
  elif service_is_meant_to_run uwsgi; then
    # It has ended because it could not load the new release: a former one is restored now.
    renew_uwsgi restart "${1-}"
  else
    REPLY='uwsgi does not run: start it with "service uwsgi start"'
    return 1
  fi
}

# Waits until all workers are new children of the master, and one of them answers.
prove_uwsgi() { # MASTER|"" OLD-WORKERS [RELEASE]
  local master=$1 old=$2 release=${3-} ini pid stale fresh said
  uwsgi_ini
  ini=$ROOT$REPLY
  begin_waiting_for_uwsgi "$ini" "$master" "$old"
  while :; do
    uwsgi_master
    # While the master reads its configuration again, its pid file is empty for a moment.
    if [[ -n $master && $REPLY != "$master" ]] && [[ -n $REPLY || ! -d /proc/$master ]]; then
      said="the master $master ended"
      break
    fi
    stale=no fresh=no
    if [[ -n $REPLY ]]; then
      uwsgi_workers "$REPLY"
      for pid in $REPLY; do
        if [[ $old == *" $pid "* ]]; then stale=yes; else fresh=yes; fi
      done
    fi
    if [[ $fresh == yes && $stale == no ]]; then
      if uwsgi_answers "$ini" "$release"; then
        uwsgi_master
        pid=$REPLY
        uwsgi_workers "$pid"
        REPLY="master $pid, workers$REPLY"
        REPLY=${REPLY% }
        return 0
      fi
      said=$REPLY
      break
    fi
    said="its workers are not new after $((SECONDS - UWSGI_SINCE)) s"
    uwsgi_has_time || break
    sleep 0.1
  done
  REPLY=$said$'\n'$(uwsgi_reason "$(uwsgi_log_since)")
  return 1
}

# How long to wait: as long as uWSGI uses the processor, since a slow or busy host needs time, but up to a limit; less
# when it only waits. In SECONDS, and in ticks of the processor.
UWSGI_SINCE=0 UWSGI_PATIENCE=0 UWSGI_DEADLINE=0 UWSGI_TICKS=0
UWSGI_MASTER='' UWSGI_OLD=' ' # whose work counts, and whose does not

begin_waiting_for_uwsgi() { # INI MASTER|"" OLD-WORKERS
  UWSGI_MASTER=$2 UWSGI_OLD=$3
  # The requests under way end first, then the application is loaded.
  uwsgi_option "$1" worker-reload-mercy 60
  UWSGI_PATIENCE=$((REPLY + PROOF_WAIT))
  UWSGI_SINCE=$SECONDS UWSGI_DEADLINE=$((SECONDS + UWSGI_PATIENCE))
  uwsgi_ticks
  UWSGI_TICKS=$REPLY
}

# It must have used the processor for at least a tenth of the time since the last check.
uwsgi_has_time() {
  ((SECONDS >= UWSGI_DEADLINE)) || return 0
  uwsgi_ticks
  ((REPLY - UWSGI_TICKS >= UWSGI_PATIENCE * 10 && SECONDS - UWSGI_SINCE < START_WAIT)) || return 1
  UWSGI_TICKS=$REPLY UWSGI_DEADLINE=$((SECONDS + UWSGI_PATIENCE))
}

# Leaves how long the master and its new workers have used the processor: ticks, of which 100 are a second.
uwsgi_ticks() {
  local pid line fields=() ticks=0
  uwsgi_master
  # The pid file is empty for a moment while the master reads its configuration again.
  UWSGI_MASTER=${REPLY:-$UWSGI_MASTER}
  REPLY=''
  [[ -z $UWSGI_MASTER ]] || uwsgi_workers "$UWSGI_MASTER"
  for pid in $UWSGI_MASTER $REPLY; do
    [[ $UWSGI_OLD != *" $pid "* ]] || continue
    line=''
    read -r line 2>/dev/null <"/proc/$pid/stat"
    read -r -a fields <<<"${line##*) }"
    ticks=$((ticks + ${fields[11]:-0} + ${fields[12]:-0}))
  done
  REPLY=$ticks
}

# Does the application answer with anything but a server error, and as the release?
uwsgi_answers() { # INI RELEASE
  local socket path host
  uwsgi_option "$1" socket 127.0.0.1:8001
  socket=$REPLY
  read -r path host < <(sed -n 's/^# proof: GET //p' "$1" 2>/dev/null)
  if ! uwsgi_request "$socket" "${path:-/}" "${host:-localhost}"; then return 1; fi
  if [[ ! $REPLY =~ ^HTTP/[0-9.]+\ [1-4][0-9][0-9] ]]; then
    REPLY="the application answers ${path:-/} with \"$REPLY\""
    return 1
  fi
  # At the start of a line, perhaps after a date: a visitor may request a URI with these words.
  if uwsgi_log_since | grep -q -E '^([A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} [0-9]{4} - )?--- no python application found'; then
    REPLY='no python application found'
    return 1
  fi
  if [[ -n $2 && $UWSGI_RELEASE != "$2" ]]; then
    REPLY="the release ${UWSGI_RELEASE:-of an unknown name} answers, not $2"
    return 1
  fi
}

UWSGI_RELEASE='' # of the last answer

# Sends one request in uWSGI's own protocol, as nginx does. REPLY has the status line.
uwsgi_request() { # ADDRESS:PORT PATH HOST
  local fd text packet='' size=0 line status='' ended
  UWSGI_RELEASE=''
  for text in REQUEST_METHOD GET REQUEST_URI "$2" PATH_INFO "${2%%\?*}" QUERY_STRING '' SERVER_PROTOCOL HTTP/1.0 \
    SERVER_NAME "$3" SERVER_PORT 80 HTTP_HOST "$3" REMOTE_ADDR 127.0.0.1; do
    printf -v line '\\x%02x\\x%02x%s' $((${#text} % 256)) $((${#text} / 256)) "$text"
    packet+=$line
    size=$((size + 2 + ${#text}))
  done
  { exec {fd}<>"/dev/tcp/${1%:*}/${1##*:}"; } 2>/dev/null || {
    REPLY="nothing listens on $1"
    return 1
  }
  printf -v line '\\x00\\x%02x\\x%02x\\x00' $((size % 256)) $((size / 256))
  printf '%b' "$line$packet" >&"$fd"
  while :; do
    IFS= read -r -t 1 -u "$fd" line
    ended=$?
    status+=$line
    # A status above 128 means that the second has passed.
    if ((ended <= 128)); then
      REPLY='the application ends without an answer'
      break
    elif ! uwsgi_has_time; then
      REPLY="no answer on $1 within $((SECONDS - UWSGI_SINCE)) s"
      break
    fi
  done
  while IFS= read -r -t 5 -u "$fd" line && [[ -n ${line%$'\r'} ]]; do
    if [[ $line == 'X-Tracks-Release: '* ]]; then UWSGI_RELEASE=${line#X-Tracks-Release: }; fi
  done
  UWSGI_RELEASE=${UWSGI_RELEASE%$'\r'}
  # The application would log an error if its answer were not read.
  timeout 5 cat <&"$fd" >/dev/null
  exec {fd}>&-
  [[ -n $status ]] || return 1
  REPLY=${status%$'\r'}
}

# For a service that this run has started: its application must answer, as the release that was deployed before
# there was a service.
prove_started_uwsgi() {
  local ini word current='' host=localhost port=80 health=/ release=''
  uwsgi_ini
  ini=$ROOT$REPLY
  deployed_application
  for word in $REPLY; do
    case $word in
      current=*) current=${word#*=} ;;
      host=*) host=${word#*=} ;;
      port=*) port=${word#*=} ;;
      health=*) health=${word#*=} ;;
    esac
  done
  uwsgi_option "$ini" chdir ''
  if [[ -n $current && $REPLY == *" $current)" ]]; then
    release=$(readlink -- "$ROOT$current")
    release=${release##*/}
  fi
  prove_uwsgi '' ' ' "$release" || fail "uwsgi was started, but $REPLY"
  [[ -n $release ]] || return 0
  if ! site_answer "$port" "$health" "$host"; then
    note "nothing listens on port $port yet: release $release was checked through uWSGI only"
  elif [[ $REPLY != *" release=$release" || ! $REPLY =~ ^[23] ]]; then
    # nginx may get the site's configuration later than the application.
    note "http://$host:$port$health does not show release $release yet (status ${REPLY% release=*}, release ${REPLY##* release=}): it was checked through uWSGI only"
  fi
}

# --- Undoing ---

# The former files are back: makes the service use them again, if it had begun to use the others.
undo_uwsgi() {
  [[ -e $JOURNAL/uwsgi ]] || return 0
  # A restart works whatever the attempt left, and loses no request either.
  renew_uwsgi restart '' || fail "uwsgi does not run with its former configuration: $REPLY"
}
