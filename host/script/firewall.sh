
# --- Firewall: ports opened in firewalld, where that runs -------------------------------------------------

# What is open, as " 80/tcp 8000-8100/tcp ", once asked: at present, and after a reload of the firewall.
FIREWALL_NOW='' FIREWALL_LATER=''
FIREWALL_ZONE=() # the words that name the zone

# Is firewalld running? Asks it for both lists at once, since each word from it takes a quarter second.
firewall_running() {
  local now later
  have firewall-cmd || return 1
  if [[ -z $FIREWALL_NOW ]]; then
    find_firewall_zone firewall-cmd
    exec {now}< <(firewall-cmd ${FIREWALL_ZONE[@]+"${FIREWALL_ZONE[@]}"} --list-ports 2>/dev/null || echo not-running)
    exec {later}< <(firewall-cmd --permanent ${FIREWALL_ZONE[@]+"${FIREWALL_ZONE[@]}"} --list-ports 2>/dev/null)
    read -r FIREWALL_NOW <&"$now"
    read -r FIREWALL_LATER <&"$later"
    exec {now}<&- {later}<&-
    FIREWALL_NOW=" $FIREWALL_NOW "
    FIREWALL_LATER=" $FIREWALL_LATER "
  fi
  [[ $FIREWALL_NOW != *' not-running '* ]]
}

# Visitors come in by the interface of the default route; where it is in no zone, the default zone counts.
find_firewall_zone() { # firewall-cmd|firewall-offline-cmd
  local interface destination visitors=''
  FIREWALL_ZONE=()
  [[ -r $ROOT/proc/net/route ]] || return 0
  while read -r interface destination _; do
    # The table is read to its end all the same: a cat that is not heard out says so.
    if [[ -z $visitors && $destination == 00000000 ]]; then visitors=$interface; fi
  done < <(cat -- "$ROOT/proc/net/route")
  [[ -n $visitors ]] || return 0
  if attempt "$1" --get-zone-of-interface="$visitors" && [[ $OUTPUT =~ ^[A-Za-z0-9_-]+$ ]]; then
    FIREWALL_ZONE=("--zone=$OUTPUT")
  fi
}

# What a firewalld that is stopped will open when it is started, as " 80/tcp ", once asked.
FIREWALL_STORED=''

# Is firewalld there, but stopped? Then its settings are read and changed without it.
firewall_stopped() {
  if firewall_running || ! have firewall-offline-cmd; then return 1; fi
  if [[ -z $FIREWALL_STORED ]]; then
    find_firewall_zone firewall-offline-cmd
    FIREWALL_STORED=" $(firewall-offline-cmd ${FIREWALL_ZONE[@]+"${FIREWALL_ZONE[@]}"} --list-ports 2>/dev/null) "
  fi
}

# Is a port open by a list, by itself or within a range?
port_is_open() { # PORT PROTOCOL LIST
  local word range
  for word in $3; do
    range=${word%/*}
    if [[ ${word#*/} == "$2" ]] && ((${range%-*} <= $1 && $1 <= ${range#*-})); then return 0; fi
  done
  return 1
}

# States: `permanent=yes|no now=yes|no`, `permanent=yes|no now=stopped`, or `no-firewall`.
state_firewall_port() { # PROTOCOL PORT
  local permanent=no now=no
  if firewall_running; then
    if port_is_open "$2" "$1" "$FIREWALL_LATER"; then permanent=yes; fi
    if port_is_open "$2" "$1" "$FIREWALL_NOW"; then now=yes; fi
    REPLY="permanent=$permanent now=$now"
  elif firewall_stopped; then
    if port_is_open "$2" "$1" "$FIREWALL_STORED"; then permanent=yes; fi
    REPLY="permanent=$permanent now=stopped"
  else
    REPLY=no-firewall
  fi
}

make_firewall_port() { # STATE PROTOCOL PORT
  if ! firewall_running; then
    store_firewall_port "$1" "$2" "$3"
    return
  fi
  case $1 in
    permanent=yes*) open_port "$2" "$3" "$FIREWALL_LATER" firewall-cmd --permanent ;;
    permanent=no*) close_port "$2" "$3" "$FIREWALL_LATER" firewall-cmd --permanent ;;
  esac
  case $1 in
    *now=yes) open_port "$2" "$3" "$FIREWALL_NOW" firewall-cmd ;;
    *now=no) close_port "$2" "$3" "$FIREWALL_NOW" firewall-cmd ;;
  esac
  FIREWALL_NOW=''
}

# The permanent part of a state, for a firewalld that is stopped.
store_firewall_port() { # STATE PROTOCOL PORT
  firewall_stopped || return 0
  case $1 in
    permanent=yes*) open_port "$2" "$3" "$FIREWALL_STORED" firewall-offline-cmd ;;
    permanent=no*) close_port "$2" "$3" "$FIREWALL_STORED" firewall-offline-cmd ;;
  esac
  FIREWALL_STORED=''
}

open_port() { # PROTOCOL PORT LIST COMMAND...
  local port=$2/$1
  if port_is_open "$2" "$1" "$3"; then return 0; fi
  shift 3
  must "firewalld does not open $port" "$1" -q "${@:2}" ${FIREWALL_ZONE[@]+"${FIREWALL_ZONE[@]}"} --add-port="$port"
}

# Within a range, which somebody else opened, newer versions would break that in two.
close_port() { # PROTOCOL PORT LIST COMMAND...
  local port=$2/$1
  [[ $3 == *" $port "* ]] || return 0
  shift 3
  must "firewalld does not close $port" "$1" -q "${@:2}" ${FIREWALL_ZONE[@]+"${FIREWALL_ZONE[@]}"} --remove-port="$port"
}

# Direct rules decide before the zones whether visitors come through. Those that were there when a port was
# opened were told then. (Panic mode drops the connection that would tell of it.)
firewall_warning() {
  local rule=''
  REPLY=''
  read -r rule < <(firewall-cmd --direct --get-all-rules 2>/dev/null)
  if [[ -n $rule && " ${OWNERS[*]+${!OWNERS[*]}} " != *' firewall-port '* ]]; then
    REPLY="firewalld has direct rules, which come before its zones and may keep visitors out: see firewall-cmd --direct --get-all-rules"
  fi
}

converge_firewall() {
  local index key warned=no want='permanent=yes now=yes'
  for index in ${E_KIND[@]+"${!E_KIND[@]}"}; do
    [[ ${E_KIND[index]} == firewall-port ]] || continue
    key="firewall-port ${E_WORDS[index]}"
    if firewall_running; then
      if [[ $warned == no ]]; then
        firewall_warning
        [[ -z $REPLY ]] || note "$REPLY"
        warned=yes
      fi
      converge_thing "$key" "$want"
      continue
    fi
    # Where no firewall runs, nothing is closed. What was opened before it was stopped stays ours, and the
    # probe asks again when it runs.
    FACTS+=("thing $key$TAB$want")
    if is_ours "$key"; then
      NAMED_THINGS[$key]=yes
      own "$key" share - =
    fi
  done
}
