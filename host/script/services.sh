
# --- Services: queried and controlled through systemd or SysV, in an empty environment -------------------

init_system() {
  if [[ -d $ROOT/run/systemd/system ]]; then REPLY=systemd; else REPLY=sysv; fi
}

# States: `absent`, or `enabled|disabled|masked running|stopped`.
state_service() { # NAME
  SERVICE_REMARK='' SERVICE_IS_SCRIPT=no
  init_system
  if [[ $REPLY == systemd ]]; then
    state_systemd_service "$1"
  else
    state_sysv_service "$1"
  fi
}

SERVICE_REMARK=''    # what the administrator should know about the service that was queried last
SERVICE_IS_SCRIPT=no # whether it is an init script, for which systemd generated a unit

# Translates systemd's state of a unit; no other function knows systemd's words.
state_systemd_service() { # NAME
  local line load='' active='' sub='' file='' enabled=disabled running=stopped
  while read -r line; do
    case $line in
      LoadState=*) load=${line#*=} ;;
      ActiveState=*) active=${line#*=} ;;
      SubState=*) sub=${line#*=} ;;
      UnitFileState=*) file=${line#*=} ;;
    esac
  done < <(systemctl show -p LoadState -p ActiveState -p SubState -p UnitFileState -- "$1.service" 2>/dev/null)
  case $active in
    active | reloading | refreshing) running=running ;;
  esac
  case $load in
    not-found)
      REPLY=absent
      return
      ;;
    masked) file=masked ;;
  esac
  if [[ ($file == bad || $file == generated) && -e $ROOT/etc/init.d/$1 ]]; then
    # The unit that systemd generated does not show whether the script is enabled: that is in chkconfig's links,
    # which `systemctl is-enabled` reads. And the unit stays active after the daemon has ended.
    SERVICE_IS_SCRIPT=yes
    if attempt systemctl is-enabled -- "$1.service"; then enabled=enabled; fi
    [[ $sub != exited ]] || running=stopped
    REPLY="$enabled $running"
    return
  fi
  case $file in
    enabled) enabled=enabled ;;
    masked*) enabled=masked ;;
    static | indirect | alias | generated)
      enabled=enabled
      SERVICE_REMARK="the service $1 can't be enabled (systemd calls its unit file $file): make sure that something else starts it at boot"
      ;;
    # Enabled until the next boot only (enabled-runtime, linked-runtime, transient), or not at all (disabled,
    # linked, bad): `systemctl enable` enables it, or says why not.
    *) ;;
  esac
  REPLY="$enabled $running"
}

state_sysv_service() { # NAME
  local enabled=disabled running=stopped
  REPLY=absent
  [[ -x $ROOT/etc/init.d/$1 ]] || return 0
  if attempt chkconfig "$1"; then enabled=enabled; fi
  if attempt detached service "$1" status; then running=running; fi
  REPLY="$enabled $running"
}

survey_masked_service() { # NAME
  state_service "$1"
  [[ $REPLY != masked* ]] || obstacle masked "$1"
}

STOPPED_SERVICES=' ' # by this run

make_service() { # STATE NAME
  local state=$1 name=$2 now start=start
  state_service "$name"
  now=$REPLY
  [[ $now != absent ]] || fail "there is no service $name on this host: install the package that brings it"
  [[ $state != absent && $state != masked* ]] || return 0
  [[ $now != masked* ]] || fail "the service $name is masked on this host, so nothing can start it. As root, run: systemctl unmask $name; then run this again"
  # The unit of an init script stays active after its daemon has ended: a start would do nothing.
  [[ $SERVICE_IS_SCRIPT == no ]] || start=restart
  if [[ ${now% *} != "${state% *}" ]]; then
    if [[ ${state% *} == enabled ]]; then enable_service "$name" on; else enable_service "$name" off; fi
  fi
  if [[ ${now#* } != "${state#* }" ]]; then
    if [[ ${state#* } == running ]]; then
      tell_service "$name" "$start"
    else
      tell_service "$name" stop
      STOPPED_SERVICES+="$name "
    fi
  fi
}

enable_service() { # NAME on|off
  init_system
  if [[ $REPLY == systemd ]]; then
    if [[ $2 == on ]]; then set -- "$1" enable; else set -- "$1" disable; fi
    attempt systemctl -q "$2" -- "$1.service" || fail_to_enable "$1" "$2"
  else
    must "can't turn the service $1 $2 at boot" chkconfig "$1" "$2"
  fi
}

fail_to_enable() { # NAME enable|disable
  local advice=''
  if [[ -e $ROOT/etc/init.d/$1 && $OUTPUT == *'Failed to execute'* ]]; then
    advice='; it is an init script, which needs the package chkconfig: add chkconfig to SystemPackages.extraPackages'
  fi
  fail "can't $2 the service $1: $OUTPUT$advice"
}

# Starts, stops, restarts or reloads a service; when that fails, the service's own messages are the reason.
tell_service() { # NAME start|stop|reload|restart
  local said
  if service_request "$1" "$2"; then return 0; fi
  said=$REPLY
  if [[ $1 == uwsgi ]]; then said+=$'\n'$(uwsgi_reason "$(uwsgi_log_since)"); fi
  # Otherwise systemd would keep trying.
  if [[ $2 == *start ]]; then service_request "$1" stop; fi
  fail "the service $1 did not ${2/restart/start}: $said"
}

service_request() { # NAME start|stop|reload|restart; leaves the service's messages in REPLY
  init_system
  if [[ $REPLY == systemd ]]; then
    if attempt detached systemctl "$2" "$1.service"; then return 0; fi
    # One sentence, which systemd may print on two lines.
    REPLY=${OUTPUT//$'\n'/ }
    if have journalctl; then
      attempt journalctl -q --no-pager -n 20 -o cat -u "$1.service"
      # Without systemd's own lines, which come after the reason that the service gives.
      REPLY+=$'\n'$(grep -v -E "^($1\.service: |Start|Stop|Failed to start |Reload)" <<<"$OUTPUT" | tail -n 5)
    fi
    return 1
  fi
  if attempt detached service "$1" "$2"; then return 0; fi
  REPLY=$OUTPUT
  return 1
}

# --- Unit files: systemd reads them again on a daemon-reload ---

has_unit() { # NAME
  local directory
  init_system
  [[ $REPLY == systemd ]] || return 1
  for directory in /etc /run /usr/local/lib /usr/lib /lib; do
    [[ ! -e $ROOT$directory/systemd/system/$1 ]] || return 0
  done
  return 1
}

UNITS_CHANGE=no

# In the journal before the swap, so that it is undone after the files are restored.
announce_units() {
  local path
  UNITS_CHANGE=no
  for path in ${C_PATH[@]+"${C_PATH[@]}"}; do
    # systemd generates a unit for an init script that has none.
    if [[ $path == /etc/systemd/system/* || $path == /etc/init.d/* ]]; then UNITS_CHANGE=yes; fi
  done
  [[ $UNITS_CHANGE == no ]] || step units
}

read_units() {
  [[ $UNITS_CHANGE == no ]] || undo_units
}

undo_units() {
  init_system
  [[ $REPLY != systemd ]] || must "systemd can't read its unit files again" systemctl daemon-reload
}

# Did a service end by itself, rather than because somebody stopped it?
service_is_meant_to_run() { # NAME
  init_system
  [[ $REPLY == systemd ]] || return 1
  attempt systemctl show -p ActiveState -- "$1.service"
  [[ $OUTPUT == *=failed || $OUTPUT == *=activating ]]
}

# Restores services that the manifest does not name any more, before anything is reloaded.
release_services() {
  local index
  for index in ${E_KIND[@]+"${!E_KIND[@]}"}; do
    if [[ ${E_KIND[index]} == service ]]; then NAMED_THINGS["service ${E_WORDS[index]}"]=yes; fi
  done
  release_things service
}

converge_services() {
  local index
  for index in ${E_KIND[@]+"${!E_KIND[@]}"}; do
    [[ ${E_KIND[index]} == service ]] || continue
    converge_thing "service ${E_WORDS[index]}" 'enabled running'
    [[ -z $SERVICE_REMARK ]] || note "$SERVICE_REMARK"
  done
}
