
# --- Probe: does the host still match what was last applied? Reads only -----------------------------------

# The facts of all resources of the scope, one index each.
F_RESOURCE=() F_KIND=() F_KEY=() F_WANT=() F_TYPE=()
declare -A DRIFT=() # the lines that say how a resource differs

# Owners of the paths that differ, as data: the program decides by them, and reads no sentence.
OWNER_FACTS=()

owner_fact() { # PATH STATE
  local words=()
  read -r -a words <<<"$2"
  case ${words[0]} in
    absent) OWNER_FACTS+=("owner$1 absent") ;;
    file) OWNER_FACTS+=("owner$1 ${words[3]-unknown}") ;;
    directory) OWNER_FACTS+=("owner$1 ${words[1]-unknown}") ;;
  esac
}

probe() {
  local resources=() directory name
  for directory in "$STATE/resources/$SCOPE"/*/; do
    [[ -e $directory/facts ]] || continue
    name=${directory%/}
    resources+=("${name##*/}")
  done
  ((${#resources[@]} > 0)) || return 0
  check_mounts
  for name in "${resources[@]}"; do
    DRIFT[$name]=''
    load_facts "$name"
  done
  load_records
  probe_paths
  probe_waiting
  probe_packages
  probe_pip_packages
  probe_things
  for name in "${resources[@]}"; do
    if [[ -e $STATE/journal && -n $(interrupted_run_of "$name") ]]; then
      add_drift "$name" '' 'its last run was interrupted'
    fi
    if [[ -z ${DRIFT[$name]} ]]; then
      printf 'ok %s\n' "$name"
    else
      printf '%s' "${DRIFT[$name]}"
    fi
  done
  for name in "${resources[@]}"; do
    print_remembered "$name"
  done
  print_times "${resources[@]}"
  ((${#OWNER_FACTS[@]} == 0)) || printf 'fact %s\n' "${OWNER_FACTS[@]}"
}

load_facts() { # RESOURCE
  local kind key want type line
  while IFS= read -r line; do
    kind=${line%% *}
    IFS=$TAB read -r key want type <<<"${line#* }"
    F_RESOURCE+=("$1")
    F_KIND+=("$kind")
    F_KEY+=("$key")
    F_WANT+=("${want:--}")
    F_TYPE+=("${type:--}")
  done <"$STATE/resources/$SCOPE/$1/facts"
}

drifts() { # INDEX NAME REASON
  add_drift "${F_RESOURCE[$1]}" "$2" "$3"
}

# Without a name it is the resource itself that differs.
add_drift() { # RESOURCE NAME REASON
  DRIFT[$1]+="drift $1$TAB$2$TAB${3//$'\n'/$TAB}"$'\n'
}

probe_paths() {
  local index paths=()
  for index in ${F_KIND[@]+"${!F_KIND[@]}"}; do
    if [[ ${F_KIND[index]} == path ]]; then paths+=("${F_KEY[index]}"); fi
  done
  ((${#paths[@]} > 0)) || return 0
  observe "${paths[@]}"
  for index in "${!F_KIND[@]}"; do
    [[ ${F_KIND[index]} == path ]] || continue
    local path=${F_KEY[index]}
    difference "${F_WANT[index]}" "${LIVE[$path]}" "${F_TYPE[index]}" "${LIVE_TYPE[$path]}"
    if [[ -n $REPLY ]]; then
      drifts "$index" "$path" "$REPLY"
      owner_fact "$path" "${LIVE[$path]}"
    fi
  done
}

# A path of another program that was removed is ours now, and must get our content.
probe_waiting() {
  local index
  for index in ${F_KIND[@]+"${!F_KIND[@]}"}; do
    if [[ ${F_KIND[index]} == waiting ]] && ! foreign_owner "${F_KEY[index]}"; then
      drifts "$index" "${F_KEY[index]#path }" 'belongs to this program now, since the one that owned it was removed'
    fi
  done
}

# Asks for all packages at once; any of its names satisfies an entry.
probe_packages() {
  local index names=() alternatives=() missing name satisfied
  for index in ${F_KIND[@]+"${!F_KIND[@]}"}; do
    [[ ${F_KIND[index]} == package ]] || continue
    read -r -a alternatives <<<"${F_KEY[index]}"
    names+=("${alternatives[@]}")
  done
  ((${#names[@]} > 0)) || return 0
  missing_packages "${names[@]}"
  missing=$'\n'$REPLY
  for index in "${!F_KIND[@]}"; do
    [[ ${F_KIND[index]} == package ]] || continue
    satisfied=no
    for name in ${F_KEY[index]}; do
      if [[ $missing != *$'\n'"$name"$'\n'* ]]; then satisfied=yes; fi
    done
    [[ $satisfied == yes ]] || drifts "$index" "package ${F_KEY[index]// / or }" 'is not installed'
  done
}

probe_pip_packages() {
  local index name version python program
  for index in ${F_KIND[@]+"${!F_KIND[@]}"}; do
    [[ ${F_KIND[index]} == pip-package ]] || continue
    read -r name version python program <<<"${F_KEY[index]}"
    REPLY=''
    if [[ ! -x $ROOT$python ]]; then
      drifts "$index" "pip package $name" "there is no $python"
    elif ! pip_package_is "$name" "$version" "$python" "$program"; then
      drifts "$index" "pip package $name" "$REPLY"
    fi
  done
}

probe_things() {
  local index key want protocol port
  for index in ${F_KIND[@]+"${!F_KIND[@]}"}; do
    [[ ${F_KIND[index]} == thing ]] || continue
    key=${F_KEY[index]}
    want=${F_WANT[index]}
    # Only apply checks SELinux's ports: semanage takes half a second per question.
    case $key in
      'selinux-port '*) continue ;;
      'selinux-'*) selinux_enabled || continue ;;
      # Asked here, outside the subshell below, so that the answer is kept for the next things.
      'postgresql-'*) postgresql_snapshot || true ;;
      'firewall-port '*)
        ask_firewall
        case $FIREWALL in
          # Asked here for the same reason.
          running) load_firewall_ports "$FIREWALL_ZONE" ;;
          silent) ;;
          *) continue ;;
        esac
        # In the present zone, whichever zone the port was opened in.
        read -r _ protocol port _ <<<"$key"
        key="firewall-port $protocol $port"
        ;;
    esac
    REPLY=$(thing_state "$key" 2>&1 && printf '%s' "$REPLY")
    [[ $REPLY != "$want" ]] || continue
    # A former version used another digest of passwords, which the next apply replaces.
    [[ $key != 'postgresql-password '* || ${#want} != 32 || ${#REPLY} != 64 ]] || continue
    case $key in
      # Their states may hold a secret.
      'password '* | 'setting '*) drifts "$index" "$key" 'was changed' ;;
      'postgresql-password '*) drifts "$index" "password of the role ${key#* }" 'was changed' ;;
      'postgresql-access '*) drifts "$index" "lines of $SCOPE in pg_hba.conf" 'were changed' ;;
      *)
        drifts "$index" "$key" "is \"$REPLY\", not \"$want\""
        [[ "$key $REPLY" != 'secret-key /'*' absent' ]] || owner_fact "${key#* }" absent
        ;;
    esac
  done
}

# Prints the subsystem whose journal names the resource, if any.
interrupted_run_of() { # RESOURCE
  local journal resource
  for journal in "$STATE"/journal/*/; do
    resource=''
    read -r resource 2>/dev/null <"$journal/resource"
    if [[ $resource == "$SCOPE/$1" ]] && ! flock_is_held "$(basename "$journal")"; then
      printf '%s\n' "$journal"
    fi
  done
}

print_remembered() { # RESOURCE
  local line directory=$STATE/resources/$SCOPE/$1
  printf 'manifest %s\n' "$1"
  while IFS= read -r line; do
    printf ' %s\n' "$line"
  done <"$directory/manifest"
  # A resource that is never deleted does not need its login again.
  [[ -e $directory/no-remove ]] || printf 'via %s %s\n' "$1" "$(cat "$directory/via")"
  printf 'repair %s %s\n' "$1" "$(cat "$directory/repair")"
}

# Says when each resource last got another manifest, also one that differs in a secret alone: `digest` is replaced then,
# and only then.
print_times() { # RESOURCE...
  local day time file
  while read -r day time _ file; do
    file=${file%/digest}
    printf 'changed %s %sT%sZ\n' "${file##*/}" "$day" "$time"
  done < <(cd -- "$STATE/resources/$SCOPE" && TZ=UTC stat -c '%y %n' -- "${@/%//digest}")
}
