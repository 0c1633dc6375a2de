
# --- Firewall: ports opened in firewalld, where that runs -------------------------------------------------

FIREWALL=''      # running, stopped, silent (does not answer) or absent, once asked
FIREWALL_SAID='' # its message, where it is silent
FIREWALL_ZONE='' # zone of the interface that visitors come in by, once asked
# Open ports of a zone, as " 80/tcp 8000-8100/tcp ", once asked: at present, and after a reload of the firewall.
# Only the latter are known of a stopped firewall.
declare -A FIREWALL_NOW=() FIREWALL_LATER=()

# Statuses of firewall-cmd and firewall-offline-cmd.
readonly FIREWALL_NO_ZONE=2 FIREWALL_INVALID_ZONE=112 FIREWALL_NOT_RUNNING=252

# Asks once. A firewalld that does not answer does not count as stopped.
ask_firewall() {
  [[ -z $FIREWALL ]] || return 0
  FIREWALL=absent
  if ! have firewall-cmd; then return 0; fi
  find_firewall_zone firewall-cmd
  case $? in
    0) FIREWALL=running ;;
    "$FIREWALL_NOT_RUNNING") FIREWALL=stopped ;;
    *) FIREWALL=silent ;;
  esac
  FIREWALL_SAID=$OUTPUT
}

refuse_silent_firewall() {
  [[ $FIREWALL != silent ]] || fail "firewalld does not answer: $FIREWALL_SAID"
}

firewall_running() {
  ask_firewall
  refuse_silent_firewall
  [[ $FIREWALL == running ]]
}

# Is firewalld installed, but stopped? Then its settings are read and changed without it.
firewall_stopped() {
  if firewall_running || [[ $FIREWALL != stopped ]] || ! have firewall-offline-cmd; then return 1; fi
}

# Finds the zone of the interface with the default route, by which visitors come in; else the default zone.
find_firewall_zone() { # firewall-cmd|firewall-offline-cmd
  local status="$FIREWALL_NO_ZONE"
  visitors_interface
  if [[ -n $REPLY ]]; then
    attempt "$1" --get-zone-of-interface="$REPLY"
    status=$?
  fi
  if ((status == FIREWALL_NO_ZONE)); then
    attempt "$1" --get-default-zone
    status=$?
  fi
  ((status == 0)) || return "$status"
  # Warnings precede it.
  FIREWALL_ZONE=${OUTPUT##*$'\n'}
  [[ $FIREWALL_ZONE =~ ^[^[:space:]]+$ ]]
}

# Leaves the interface of the default route in REPLY: of IPv4, else of IPv6, without that of lo, which leads nowhere.
visitors_interface() {
  local fields=() found=''
  # The tables are read to their end, or cat would complain.
  while read -r -a fields; do
    if [[ -z $found && ${fields[1]-} == 00000000 ]]; then found=${fields[0]}; fi
  done < <(cat -- "$ROOT/proc/net/route" 2>/dev/null)
  while read -r -a fields; do
    if [[ -z $found && "${fields[*]:0:2}" =~ ^0{32}\ 00$ && ${fields[9]} != lo ]]; then found=${fields[9]}; fi
  done < <(cat -- "$ROOT/proc/net/ipv6_route" 2>/dev/null)
  REPLY=$found
}

# Leaves the zone that a key names in REPLY; keys of a former version name none.
firewall_zone() { # [ZONE]
  if [[ -z ${1-} && -z $FIREWALL_ZONE ]]; then
    find_firewall_zone firewall-offline-cmd || fail "can't read firewalld's settings: $OUTPUT"
  fi
  REPLY=${1:-$FIREWALL_ZONE}
}

# Asks for both lists at once, since each answer of firewalld takes a quarter of a second.
load_firewall_ports() { # ZONE
  local now later
  [[ -z ${FIREWALL_LATER[$1]-} ]] || return 0
  if [[ $FIREWALL == stopped ]]; then
    exec {later}< <(print_firewall_ports firewall-offline-cmd "--zone=$1")
  else
    exec {now}< <(print_firewall_ports firewall-cmd "--zone=$1")
    exec {later}< <(print_firewall_ports firewall-cmd --permanent "--zone=$1")
    take_firewall_ports "$now"
    FIREWALL_NOW[$1]=$REPLY
    exec {now}<&-
  fi
  take_firewall_ports "$later"
  FIREWALL_LATER[$1]=$REPLY
  exec {later}<&-
}

print_firewall_ports() { # COMMAND...
  attempt "$@" --list-ports
  printf '%s\n%s' "$?" "$OUTPUT"
}

take_firewall_ports() { # FD
  local status said
  IFS= read -r status <&"$1"
  IFS= read -r -d '' said <&"$1"
  REPLY=' '
  case $status in
    0) REPLY=" ${said##*$'\n'} " ;;
    # Somebody removed a zone in which we had opened a port.
    "$FIREWALL_INVALID_ZONE") ;;
    *) FIREWALL=silent FIREWALL_SAID=$said ;;
  esac
}

# Is a port in a list, by itself or within a range?
port_is_open() { # PORT PROTOCOL LIST
  local word range
  for word in $3; do
    range=${word%/*}
    if [[ ${word#*/} == "$2" ]] && ((${range%-*} <= $1 && $1 <= ${range#*-})); then return 0; fi
  done
  return 1
}

# States: `permanent=yes|no now=yes|no`, `permanent=yes|no now=stopped`, or `no-firewall`.
state_firewall_port() { # PROTOCOL PORT [ZONE]
  local permanent=no now=no
  if ! firewall_running && ! firewall_stopped; then
    REPLY=no-firewall
    return
  fi
  firewall_zone "${3-}"
  local zone=$REPLY
  load_firewall_ports "$zone"
  refuse_silent_firewall
  if port_is_open "$2" "$1" "${FIREWALL_LATER[$zone]}"; then permanent=yes; fi
  if [[ $FIREWALL == stopped ]]; then
    now=stopped
  elif port_is_open "$2" "$1" "${FIREWALL_NOW[$zone]}"; then
    now=yes
  fi
  REPLY="permanent=$permanent now=$now"
}

# Of a state, only the permanent part applies to a stopped firewall.
make_firewall_port() { # STATE PROTOCOL PORT [ZONE]
  local zone later=(firewall-cmd --permanent)
  if ! firewall_running && ! firewall_stopped; then return 0; fi
  firewall_zone "${4-}"
  zone=$REPLY
  load_firewall_ports "$zone"
  refuse_silent_firewall
  [[ $FIREWALL == running ]] || later=(firewall-offline-cmd)
  case $1 in
    permanent=yes*) open_port "$2" "$3" "$zone" "${FIREWALL_LATER[$zone]}" "${later[@]}" ;;
    permanent=no*) close_port "$2" "$3" "$zone" "${FIREWALL_LATER[$zone]}" "${later[@]}" ;;
  esac
  case "$FIREWALL $1" in
    'running '*now=yes) open_port "$2" "$3" "$zone" "${FIREWALL_NOW[$zone]}" firewall-cmd ;;
    'running '*now=no) close_port "$2" "$3" "$zone" "${FIREWALL_NOW[$zone]}" firewall-cmd ;;
  esac
  FIREWALL_LATER[$zone]=''
}

open_port() { # PROTOCOL PORT ZONE LIST COMMAND...
  local port=$2/$1 zone=$3
  if port_is_open "$2" "$1" "$4"; then return 0; fi
  shift 4
  must "firewalld can't open $port in the zone $zone" "$1" -q "${@:2}" --zone="$zone" --add-port="$port"
}

# A port within a range stays: somebody else opened that, and newer versions would split it.
close_port() { # PROTOCOL PORT ZONE LIST COMMAND...
  local port=$2/$1 zone=$3
  [[ $4 == *" $port "* ]] || return 0
  shift 4
  must "firewalld can't close $port in the zone $zone" "$1" -q "${@:2}" --zone="$zone" --remove-port="$port"
}

# Direct rules decide before the zones whether visitors come through. They are reported once, when a port is
# first opened. (Panic mode drops the connection that would report it.)
firewall_warning() {
  local rule=''
  REPLY=''
  read -r rule < <(firewall-cmd --direct --get-all-rules 2>/dev/null)
  if [[ -n $rule && " ${OWNERS[*]+${!OWNERS[*]}} " != *' firewall-port '* ]]; then
    REPLY="firewalld has direct rules, which apply before its zones and may block visitors; list them with: firewall-cmd --direct --get-all-rules"
  fi
}

# The record names the zone, `firewall-port tcp 80 public`: when visitors come in by another zone, the port is
# opened in that one and closed in this one.
converge_firewall() {
  local index key other warned=no want='permanent=yes now=yes'
  for index in ${E_KIND[@]+"${!E_KIND[@]}"}; do
    [[ ${E_KIND[index]} == firewall-port ]] || continue
    key="firewall-port ${E_WORDS[index]}"
    if firewall_running; then
      if [[ $warned == no ]]; then
        firewall_warning
        [[ -z $REPLY ]] || note "$REPLY"
        warned=yes
      fi
      converge_port_in_zone "$key" "$want"
      continue
    fi
    # Where no firewall runs, nothing blocks visitors. A port that was opened before it was stopped stays ours, and
    # the probe asks again when it runs.
    FACTS+=("thing $key$TAB$want")
    for other in ${OWNERS[@]+"${!OWNERS[@]}"}; do
      [[ "$other " == "$key "* ]] || continue
      is_ours "$other" || continue
      NAMED_THINGS[$other]=yes
      own "$other" share - =
    done
  done
}

# A former version recorded no zone. A port that is open in the present zone counts as the one that it opened.
converge_port_in_zone() { # KEY WANT
  local key="$1 $FIREWALL_ZONE" live
  thing_state "$key"
  live=$REPLY
  if [[ $live == "$2" ]]; then
    converge_thing "$key" "$2" "${FORMER[$1]-"$live"}"
  else
    converge_thing "$key" "$2"
  fi
  is_ours "$1" || return 0
  NAMED_THINGS[$1]=yes
  disown_key "$1"
  [[ $live == "$2" ]] \
    || note "a former version of this program opened ${1#firewall-port } in the zone of that time, which it did not record. To see whether it is still open in another zone: firewall-cmd --list-all-zones"
}

# Does another resource need the same port in the same zone, by a key of the other form?
needed_in_zone() { # KEY
  local words=() other=${1% *}
  [[ $1 == 'firewall-port '* ]] || return 1
  read -r -a words <<<"$1"
  if ((${#words[@]} == 3)); then
    if ! firewall_running && ! firewall_stopped; then return 1; fi
    firewall_zone
    other="$1 $REPLY"
  fi
  [[ -n ${OWNERS[$other]-} && ${OWNERS[$other]} != "$SCOPE/$RESOURCE" ]]
}
