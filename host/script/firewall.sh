
# --- Firewall: ports opened in firewalld, where that runs -------------------------------------------------

# What is open, as " 80/tcp 443/tcp ", once asked: at present, and after a reload of the firewall.
FIREWALL_NOW='' FIREWALL_LATER=''

# Is firewalld running? Asks it for both lists at once, since each word from it takes a quarter second.
firewall_running() {
  local now later
  have firewall-cmd || return 1
  if [[ -z $FIREWALL_NOW ]]; then
    exec {now}< <(firewall-cmd --list-ports 2>/dev/null || echo not-running)
    exec {later}< <(firewall-cmd --permanent --list-ports 2>/dev/null)
    read -r FIREWALL_NOW <&"$now"
    read -r FIREWALL_LATER <&"$later"
    exec {now}<&- {later}<&-
    FIREWALL_NOW=" $FIREWALL_NOW "
    FIREWALL_LATER=" $FIREWALL_LATER "
  fi
  [[ $FIREWALL_NOW != *' not-running '* ]]
}

# What a firewalld that is stopped will open when it is started, as " 80/tcp ", once asked.
FIREWALL_STORED=''

# Is firewalld there, but stopped? Then its settings are read and changed without it.
firewall_stopped() {
  if firewall_running || ! have firewall-offline-cmd; then return 1; fi
  if [[ -z $FIREWALL_STORED ]]; then FIREWALL_STORED=" $(firewall-offline-cmd --list-ports 2>/dev/null) "; fi
}

# States: `permanent=yes|no now=yes|no`, `permanent=yes|no now=stopped`, or `no-firewall`.
state_firewall_port() { # PROTOCOL PORT
  local permanent=no now=no
  if firewall_running; then
    if [[ $FIREWALL_LATER == *" $2/$1 "* ]]; then permanent=yes; fi
    if [[ $FIREWALL_NOW == *" $2/$1 "* ]]; then now=yes; fi
    REPLY="permanent=$permanent now=$now"
  elif firewall_stopped; then
    if [[ $FIREWALL_STORED == *" $2/$1 "* ]]; then permanent=yes; fi
    REPLY="permanent=$permanent now=stopped"
  else
    REPLY=no-firewall
  fi
}

make_firewall_port() { # STATE PROTOCOL PORT
  local port=$3/$2
  if ! firewall_running; then
    store_firewall_port "$1" "$port"
    return
  fi
  if [[ $1 == permanent=yes* && $FIREWALL_LATER != *" $port "* ]]; then
    must "firewalld does not open $port" firewall-cmd -q --permanent --add-port="$port"
  fi
  if [[ $1 == permanent=no* && $FIREWALL_LATER == *" $port "* ]]; then
    must "firewalld does not close $port" firewall-cmd -q --permanent --remove-port="$port"
  fi
  if [[ $1 == *now=yes && $FIREWALL_NOW != *" $port "* ]]; then
    must "firewalld does not open $port" firewall-cmd -q --add-port="$port"
  fi
  if [[ $1 == *now=no && $FIREWALL_NOW == *" $port "* ]]; then
    must "firewalld does not close $port" firewall-cmd -q --remove-port="$port"
  fi
  FIREWALL_NOW=''
}

# The permanent part of a state, for a firewalld that is stopped.
store_firewall_port() { # STATE PORT/PROTOCOL
  firewall_stopped || return 0
  if [[ $1 == permanent=yes* && $FIREWALL_STORED != *" $2 "* ]]; then
    must "firewalld's settings do not take $2" firewall-offline-cmd -q --add-port="$2"
  fi
  if [[ $1 == permanent=no* && $FIREWALL_STORED == *" $2 "* ]]; then
    must "firewalld's settings do not let go of $2" firewall-offline-cmd -q --remove-port="$2"
  fi
  FIREWALL_STORED=''
}

converge_firewall() {
  local index key want='permanent=yes now=yes'
  for index in ${E_KIND[@]+"${!E_KIND[@]}"}; do
    [[ ${E_KIND[index]} == firewall-port ]] || continue
    key="firewall-port ${E_WORDS[index]}"
    if firewall_running; then
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
