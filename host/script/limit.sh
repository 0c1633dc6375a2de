
# --- Limits of a run --------------------------------------------------------------------------------

# Longer than any run takes that does not work on a whole database; `host/Host.ts` has the same number.
readonly RUN_LIMIT=1800
# Longer than a preview waits for an answer.
readonly LOOK_LIMIT=${TRACKS_LOOK_LIMIT:-120}

# Whoever may only look is not trusted (look.sh), and decides what a run begins with: the directory, where a core would
# be written, and limits that would end one of root's programs in the middle of its work, such as rpm with its database
# locked; so would the score by which the kernel chooses whom to end when memory runs out.
leave_limits() {
  local limit
  for limit in 'c 0' 't unlimited' 'f unlimited' 'd unlimited' 'm unlimited' 'v unlimited' 's 8192' 'n 1024'; do
    ulimit "-${limit% *}" "${limit#* }" 2>/dev/null || {
      printf "root can't lift the limit that this login begins with (ulimit -%s), as in a container without CAP_SYS_RESOURCE: remove it from /etc/security/limits.conf, /etc/security/limits.d or the container's settings\n" "${limit% *}" >&2
      exit 1
    }
  done
  { printf 0 >/proc/self/oom_score_adj; } 2>/dev/null
  cd / || exit 1
}

# Runs `apply`, `remove` and `look` below `timeout`: Pulumi's own limits would leave them running, and nobody need wait
# for a look. The script does that itself, since Pulumi prints the command that called it in front of every reason. Bash
# has read no further than this part by then.
limit_run() { # VERB NAME [--timeout SECONDS]
  local seconds=$RUN_LIMIT before='' word harder=(-k 30) limited=() status
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
  limited=(timeout ${harder[@]+"${harder[@]}"} "$seconds" "$BASH" "$0" "$@")
  [[ $1 == look ]] || exec "${limited[@]}"
  # A session of its own: in the caller's, the keys of a terminal stop or end any process group that the caller chooses.
  # In a subshell: a leader of a process group would go on in a child of setsid's, for which nobody waits.
  (exec setsid "${limited[@]}")
  status=$?
  # The second is of SIGKILL.
  ((status != 124 && status != 137)) \
    || printf 'a look ends after %s s, and this one had no answer by then from a program that it asks (such as rpm, systemctl or psql): see on the host which of them hangs, and run this again\n' "$seconds" >&2
  exit "$status"
}

limit_run "$@"
