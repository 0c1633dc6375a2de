
# --- Locks: one per subsystem, waited for up to a limit ---------------------------------------------
#
# The kernel frees a flock when its last holder dies, so a dead run never blocks the next. Short-lived
# children inherit the lock on purpose: while an orphaned yum still runs, no other run may start one.

readonly RECORDS_WAIT=60

LOCK_FDS=()

lock_directory() {
  if [[ -d $ROOT/run ]]; then REPLY=$ROOT/run/tracks; else REPLY=$ROOT/var/run/tracks; fi
  [[ -d $REPLY ]] || must "can't make $REPLY" mkdir -p -m 0700 -- "$REPLY"
}

# Takes the locks of several subsystems. Every run takes them in the same order, so that no two runs
# wait for each other.
take_locks() { # SUBSYSTEM...
  local subsystem
  while read -r subsystem; do
    take_lock "$subsystem"
  done < <(printf '%s\n' "$@" | sort -u)
}

take_lock() { # SUBSYSTEM
  local lock fd holder='' left
  lock_directory
  lock=$REPLY/lock.$1
  exec {fd}>>"$lock" || fail "can't open the lock $lock"
  seconds_left
  left=$REPLY
  # Prints a line now and then, for whoever watches, and because routers drop silent connections.
  while ! flocked "$((left / 10 + 1))" "$fd" "$lock"; do
    read -r holder 2>/dev/null <"$lock.holder"
    ((SECONDS < LOCK_DEADLINE)) \
      || fail "$1 is locked by ${holder:-another run}; waited $left s for it. Run this again when that run has ended, or end it with kill: the next run undoes what it left"
    printf 'waiting: %s is locked by %s\n' "$1" "${holder:-another run}" >&2
  done
  LOCK_FDS+=("$fd")
  utc_now
  printf 'pid %s (%s %s/%s, since %s)\n' "$$" "$VERB" "$SCOPE" "$RESOURCE" "$REPLY" >"$lock.holder"
}

# Leaves how long this run may still wait for others. Old flocks take no time-out of zero.
seconds_left() {
  REPLY=$((LOCK_DEADLINE - SECONDS))
  ((REPLY > 0)) || REPLY=1
}

# Takes the lock within so many seconds. Status 1: another run has it; any other: flock itself failed.
flocked() { # SECONDS FD LOCK
  local status
  attempt flock -w "$1" "$2"
  status=$?
  ((status <= 1)) || fail "can't take the lock $3: ${OUTPUT:-flock failed with status $status}"
  return "$status"
}

release_locks() {
  local fd
  for fd in ${LOCK_FDS[@]+"${LOCK_FDS[@]}"}; do
    exec {fd}>&-
  done
  LOCK_FDS=()
}

# Says at once for whom a run will have to wait, if for anybody: somebody watches it.
tell_wait() { # SUBSYSTEM...
  local subsystem
  for subsystem in "$@"; do
    if flock_is_held "$subsystem"; then
      printf 'waiting: %s is locked by %s\n' "$subsystem" "$REPLY" >&2
      return
    fi
  done
}

# Has the caller gone away, who closes descriptor 3 then, and writes nothing to it?
caller_is_gone() {
  { true <&3; } 2>/dev/null && IFS= read -r -t 0 -u 3
}

# Is the lock of a subsystem held? Leaves what the holder says of itself in REPLY.
flock_is_held() { # SUBSYSTEM
  local lock
  lock_directory
  lock=$REPLY/lock.$1
  REPLY='another run'
  [[ -e $lock ]] || return 1
  # Shared: two runs that ask at the same time must not take each other for a holder.
  flock -n -s "$lock" true 2>/dev/null
  (($? == 1)) || return 1
  read -r REPLY 2>/dev/null <"$lock.holder"
  return 0
}

# Runs a function while no other run changes the records. That takes a moment only, so there is time for it
# even when the run has already waited for others as long as it may.
with_records_locked() { # FUNCTION ARGUMENTS...
  local lock fd status
  lock_directory
  lock=$REPLY/lock.records
  exec {fd}>>"$lock" || fail "can't open the lock $lock"
  flocked "$RECORDS_WAIT" "$fd" "$lock" || fail "the records in $STATE are locked by another run; waited $RECORDS_WAIT s. Run this again"
  "$@"
  status=$?
  exec {fd}>&-
  return "$status"
}

# Runs a command in an empty environment, as at boot, and without our open files: a daemon that it
# starts stays, and would hold our locks forever.
detached() { # COMMAND...
  (
    close_descriptors
    umask 022
    trap - PIPE
    exec env -i PATH="$PATH" LC_ALL=C ${ROOT:+TRACKS_ROOT="$ROOT"} "$@"
  )
}
