
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

# States: `permanent=yes|no now=yes|no`, or `no-firewall`.
state_firewall_port() { # PROTOCOL PORT
  local permanent=no now=no
  REPLY=no-firewall
  firewall_running || return 0
  if [[ $FIREWALL_LATER == *" $2/$1 "* ]]; then permanent=yes; fi
  if [[ $FIREWALL_NOW == *" $2/$1 "* ]]; then now=yes; fi
  REPLY="permanent=$permanent now=$now"
}

make_firewall_port() { # STATE PROTOCOL PORT
  local port=$3/$2
  firewall_running || return 0
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

converge_firewall() {
  local index
  for index in ${E_KIND[@]+"${!E_KIND[@]}"}; do
    [[ ${E_KIND[index]} == firewall-port ]] || continue
    # Where no firewall runs, nothing is closed.
    firewall_running || return 0
    converge_thing "firewall-port ${E_WORDS[index]}" 'permanent=yes now=yes'
  done
}
