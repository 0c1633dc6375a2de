
# --- Limits of a run --------------------------------------------------------------------------------

# Longer than any run takes that does not work on a whole database; `host/Host.ts` has the same number.
readonly RUN_LIMIT=1800
# Longer than a preview waits for an answer.
readonly LOOK_LIMIT=${TRACKS_LOOK_LIMIT:-120}

# Whoever may only look is not trusted (look.sh), and decides what a run begins with: the directory, where a core would
# be written, and limits that would end one of root's programs in the middle of its work, such as rpm with its database
# locked.
leave_limits() {
  local limit
  for limit in 'c 0' 't unlimited' 'f unlimited' 'd unlimited' 'm unlimited' 'v unlimited' 's 8192' 'n 1024'; do
    ulimit "-${limit% *}" "${limit#* }" || exit 1
  done
  cd / || exit 1
}

# Runs `apply`, `remove` and `look` below `timeout`: Pulumi's own limits would leave them running, and nobody need wait
# for a look. That is a process group of its own, too, which no key of the caller's terminal stops or ends. The script
# does that itself, since Pulumi prints the command that called it in front of every reason. Bash has read no further
# than this part by then.
limit_run() { # VERB NAME [--timeout SECONDS]
  local seconds=$RUN_LIMIT before='' word harder=(-k 30)
  case ${1-} in
    apply | remove)
      for word in "$@"; do
        if [[ $before == --timeout && $word =~ ^[0-9]+$ ]]; then seconds=$word; fi
        before=$word
      done
      ;;
    look)
      leave_limits
      seconds=$LOOK_LIMIT
      ;;
    *) return 0 ;;
  esac
  if [[ -n ${TRACKS_LIMITED-} ]]; then
    unset TRACKS_LIMITED
    return
  fi
  # coreutils 8.4 (Enterprise Linux 6) has no -k: a run that ignores SIGTERM goes on there.
  timeout "${harder[@]}" 1 true 2>/dev/null || harder=()
  export TRACKS_LIMITED=yes
  # The words stay as they are: `recover` finds runs by them.
  exec timeout ${harder[@]+"${harder[@]}"} "$seconds" "$BASH" "$0" "$@"
}

limit_run "$@"
