
# --- Time limit of a run ----------------------------------------------------------------------------

# Longer than any run takes that does not work on a whole database; `host/Host.ts` has the same number.
readonly RUN_LIMIT=1800

# Runs `apply` and `remove` below `timeout`: Pulumi's own limits would leave them running. The script does
# that itself, since Pulumi prints the command that called it in front of every reason. Bash has read no further
# than this part by then.
limit_run() { # VERB NAME [--timeout SECONDS]
  local seconds=$RUN_LIMIT before='' word harder=(-k 30)
  [[ ${1-} == apply || ${1-} == remove ]] || return 0
  if [[ -n ${TRACKS_LIMITED-} ]]; then
    unset TRACKS_LIMITED
    return
  fi
  for word in "$@"; do
    if [[ $before == --timeout && $word =~ ^[0-9]+$ ]]; then seconds=$word; fi
    before=$word
  done
  # coreutils 8.4 (Enterprise Linux 6) has no -k: a run that ignores SIGTERM goes on there.
  timeout "${harder[@]}" 1 true 2>/dev/null || harder=()
  export TRACKS_LIMITED=yes
  # The words stay as they are: `recover` finds runs by them.
  exec timeout ${harder[@]+"${harder[@]}"} "$seconds" "$BASH" "$0" "$@"
}

limit_run "$@"
