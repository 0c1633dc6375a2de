
# --- Services: asked and told through the service interface, in an empty environment --------------------

init_system() {
  if [[ -d $ROOT/run/systemd/system ]]; then REPLY=systemd; else REPLY=sysv; fi
}

# States: `absent`, or `enabled|disabled running|stopped`.
state_service() { # NAME
  init_system
  if [[ $REPLY == systemd ]]; then
    state_systemd_service "$1"
  else
    state_sysv_service "$1"
  fi
}

state_systemd_service() { # NAME
  local line enabled=disabled running=stopped
  while read -r line; do
    case $line in
      LoadState=not-found)
        REPLY=absent
        return
        ;;
      ActiveState=active | ActiveState=reloading) running=running ;;
      UnitFileState=enabled*) enabled=enabled ;;
    esac
  done < <(systemctl show -p LoadState -p ActiveState -p UnitFileState -- "$1.service" 2>/dev/null)
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

STOPPED_SERVICES=' ' # by this run

make_service() { # STATE NAME
  local state=$1 name=$2 now
  state_service "$name"
  now=$REPLY
  [[ $now != absent ]] || fail "there is no service $name on this host: install the package that has it"
  [[ $state != absent ]] || return 0
  if [[ ${now% *} != "${state% *}" ]]; then
    if [[ ${state% *} == enabled ]]; then enable_service "$name" on; else enable_service "$name" off; fi
  fi
  if [[ ${now#* } != "${state#* }" ]]; then
    if [[ ${state#* } == running ]]; then
      tell_service "$name" start
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
    must "can't $2 the service $1" systemctl -q "$2" -- "$1.service"
  else
    must "can't switch the service $1 $2 at boot" chkconfig "$1" "$2"
  fi
}

# Starts, stops or reloads; on failure the service's own words are the reason.
tell_service() { # NAME start|stop|reload
  local said
  if service_request "$1" "$2"; then return 0; fi
  said=$REPLY
  if [[ $1 == uwsgi ]]; then said+=$'\n'$(uwsgi_reason "$(uwsgi_log_since)"); fi
  # systemd would go on trying.
  if [[ $2 == start ]]; then service_request "$1" stop; fi
  fail "the service $1 did not $2: $said"
}

service_request() { # NAME start|stop|reload|restart; leaves the service's words in REPLY
  init_system
  if [[ $REPLY == systemd ]]; then
    if attempt detached systemctl "$2" "$1.service"; then return 0; fi
    # One sentence, that systemd may write in two lines.
    REPLY=${OUTPUT//$'\n'/ }
    if have journalctl; then
      attempt journalctl -q --no-pager -n 20 -o cat -u "$1.service"
      # Not what systemd says about it: that is said already, and stands behind the service's own reason.
      REPLY+=$'\n'$(grep -v -E "^($1\.service: |Start|Stop|Failed to start |Reload)" <<<"$OUTPUT" | tail -n 5)
    fi
    return 1
  fi
  if attempt detached service "$1" "$2"; then return 0; fi
  REPLY=$OUTPUT
  return 1
}

# --- Unit files: systemd reads them when it is told to ---

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

# Journaled before the swap, so that undoing it comes after the files are back.
announce_units() {
  local path
  UNITS_CHANGE=no
  for path in ${C_PATH[@]+"${C_PATH[@]}"}; do
    # A script without a unit of its name has one made for it.
    if [[ $path == /etc/systemd/system/* || $path == /etc/init.d/* ]]; then UNITS_CHANGE=yes; fi
  done
  [[ $UNITS_CHANGE == no ]] || step units
}

read_units() {
  [[ $UNITS_CHANGE == no ]] || undo_units
}

undo_units() {
  init_system
  [[ $REPLY != systemd ]] || must "systemd can't read its units anew" systemctl daemon-reload
}

# Did a service end by itself, rather than be stopped by somebody?
service_is_meant_to_run() { # NAME
  init_system
  [[ $REPLY == systemd ]] || return 1
  attempt systemctl show -p ActiveState -- "$1.service"
  [[ $OUTPUT == *=failed || $OUTPUT == *=activating ]]
}

# Services that the manifest does not name are as they were before us, before anything is reloaded.
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
    [[ ${E_KIND[index]} != service ]] || converge_thing "service ${E_WORDS[index]}" 'enabled running'
  done
}
