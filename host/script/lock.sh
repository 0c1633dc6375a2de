
# --- Locks: one a subsystem, waited for with a bound ------------------------------------------------
#
# The kernel frees a flock when its last holder dies, so a dead run never blocks the next. Short-lived
# children inherit the lock on purpose: while an orphaned yum still runs, nobody else may start one.

LOCK_FDS=()
LOCK_DEADLINE='' # in SECONDS, where all waiting of this run has one bound

lock_directory() {
  if [[ -d $ROOT/run ]]; then REPLY=$ROOT/run/tracks; else REPLY=$ROOT/var/run/tracks; fi
  [[ -d $REPLY ]] || must "can't make $REPLY" mkdir -p -m 0700 -- "$REPLY"
}

# Takes the locks of several subsystems. Everybody takes them in the same order, so that no two runs
# wait for each other.
take_locks() { # SUBSYSTEM...
  local subsystem
  while read -r subsystem; do
    take_lock "$subsystem"
  done < <(printf '%s\n' "$@" | sort -u)
}

take_lock() { # SUBSYSTEM
  local lock fd holder='' wait=$LOCK_WAIT deadline
  if [[ -n $LOCK_DEADLINE ]]; then wait=$((LOCK_DEADLINE - SECONDS)); fi
  # Old flocks take no time-out of zero.
  ((wait > 0)) || wait=1
  lock_directory
  lock=$REPLY/lock.$1
  exec {fd}>>"$lock" || fail "can't open the lock $lock"
  deadline=$((SECONDS + wait))
  # Now and then a word, for whoever looks on, and for routers that forget silent connections.
  while ! flock -w "$((wait / 10 + 1))" "$fd"; do
    read -r holder 2>/dev/null <"$lock.holder"
    ((SECONDS < deadline)) \
      || fail "$1 is being changed by ${holder:-another run}; waited $wait s. Run this again when it is done, or end it with kill: the next run puts back what it left"
    printf 'waiting, since %s is being changed by %s\n' "$1" "${holder:-another run}" >&2
  done
  LOCK_FDS+=("$fd")
  utc_now
  printf 'pid %s (%s %s/%s, since %s)\n' "$$" "$VERB" "$SCOPE" "$RESOURCE" "$REPLY" >"$lock.holder"
}

release_locks() {
  local fd
  for fd in ${LOCK_FDS[@]+"${LOCK_FDS[@]}"}; do
    exec {fd}>&-
  done
  LOCK_FDS=()
}

# Is the lock of a subsystem held? Its holder's words are in REPLY.
flock_is_held() { # SUBSYSTEM
  local lock
  lock_directory
  lock=$REPLY/lock.$1
  REPLY='another run'
  [[ -e $lock ]] || return 1
  if flock -n "$lock" true; then return 1; fi
  read -r REPLY 2>/dev/null <"$lock.holder"
  return 0
}

# Runs a function while no other run changes the records; short by construction.
with_records_locked() { # FUNCTION ARGUMENTS...
  local fd status
  lock_directory
  exec {fd}>>"$REPLY/lock.records"
  flock -w "$LOCK_WAIT" "$fd" || fail "the records of $STATE are locked: waited $LOCK_WAIT s"
  "$@"
  status=$?
  exec {fd}>&-
  return "$status"
}

# Runs a command in an empty environment, as at boot, and without anything that we have open: a daemon that it
# starts stays, and would hold our locks for ever.
detached() { # COMMAND...
  (
    close_descriptors
    umask 022
    trap - PIPE
    exec env -i PATH="$PATH" LC_ALL=C ${ROOT:+TRACKS_ROOT="$ROOT"} "$@"
  )
}
