
# --- Recover: undoes or finishes what interrupted runs left --------------------------------------------
#
# No other run may change the host meanwhile: a run whose caller died may still wait for a lock, and would
# change what was just undone.

recover() {
  local subsystem subsystems interrupted=no waited=no
  while :; do
    await_runs
    interrupted_subsystems
    subsystems=$REPLY
    for subsystem in $SUBSYSTEMS; do
      if flock_is_held "$subsystem"; then
        printf 'waiting: %s is locked by %s\n' "$subsystem" "$REPLY"
        waited=yes
      fi
    done
    # shellcheck disable=SC2086 # lists of words
    take_locks $SUBSYSTEMS $subsystems
    # The run that this one waited for may have died as well.
    interrupted_subsystems
    for subsystem in $REPLY; do
      interrupted=yes
      recover_subsystem "$subsystem"
    done
    living_runs
    [[ -n $REPLY ]] || break
    # That run started after the first check, and waits for us.
    release_locks
  done
  if ((${#NOTES[@]} > 0)); then printf '%s\n' "${NOTES[@]#note: }"; fi
  if [[ $interrupted == no && $waited == no ]]; then
    printf 'nothing was interrupted\n'
  elif [[ $interrupted == no ]]; then
    printf 'nothing is left to undo\n'
  fi
}

# Leaves the names of the subsystems that have a journal.
interrupted_subsystems() {
  local journal found=''
  for journal in "$STATE"/journal/*/; do
    if [[ -d $journal ]]; then found+=" $(basename "$journal")"; fi
  done
  REPLY=$found
}

# Waits until no run of this scope is left.
await_runs() { # sets the caller's variable `waited`
  local said='' line
  while :; do
    living_runs
    [[ -n $REPLY ]] || return 0
    while IFS= read -r line; do
      if [[ $said != *"|${line%% (*}|"* ]]; then printf 'waiting: %s is still running\n' "$line"; fi
      said+="|${line%% (*}|"
    done <<<"$REPLY"
    waited=yes
    ((SECONDS < LOCK_DEADLINE)) \
      || fail "still running after $LOCK_WAIT s: ${REPLY//$'\n'/, }. Run this again when that run has ended, or end it with kill: the next run undoes what it left"
    sleep 0.2
  done
}

# Leaves the runs of this scope that may still change something, one per line. They are found by their command
# lines: a run that waits for its first lock has left no other trace. Any user may have such a command line.
living_runs() {
  local script=$ROOT/usr/local/libexec/tracks/$SCOPE words=() word pid index line found=''
  while read -r pid; do
    words=()
    while IFS= read -r -d '' word; do
      words+=("$word")
    done 2>/dev/null <"/proc/$pid/cmdline"
    for index in ${words[@]+"${!words[@]}"}; do
      [[ ${words[index]} == "$script" ]] || continue
      case ${words[index + 1]-} in
        apply | remove) ;;
        *) continue ;;
      esac
      is_of_root "$pid" || continue
      line="${words[index + 1]} ${words[index + 2]-}"
      # sudo, timeout and subshells have the same command line: the first of them stands for all.
      if [[ $found != *"$line "* ]]; then found+="$line (pid $pid)"$'\n'; fi
    done
  done < <(printf '%s\n' /proc/[0-9]* | cut -d / -f 3 | sort -n)
  REPLY=${found%$'\n'}
}

# By the real user: a program that takes root's rights, such as a sudo that asks for a password, is still its caller's.
is_of_root() { # PID
  local key uid
  while read -r key uid _; do
    if [[ $key == Uid: ]]; then
      ((uid == 0))
      return
    fi
  done 2>/dev/null <"/proc/$1/status"
  return 1
}
