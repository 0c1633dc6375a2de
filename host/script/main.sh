
# --- Main -------------------------------------------------------------------------------------------

# Here-documents lie in files on older hosts, secrets among them: in a place of root's, not in /tmp, which anybody
# can fill. The variable is this shell's own.
use_own_temporary_files() {
  lock_directory
  TMPDIR=$REPLY
  export -n TMPDIR
  { printf '%065536d' 0 >"$TMPDIR/room.$$"; } 2>/dev/null || {
    rm -f -- "$TMPDIR/room.$$"
    fail "there is no room left in ${TMPDIR#"$ROOT"}, where this run would write: make some; nothing was changed"
  }
  rm -f -- "$TMPDIR/room.$$"
}

main() {
  trap 'fail "ended by a signal"' TERM INT HUP
  # A caller that went away must not end a run halfway.
  trap '' PIPE
  SCOPE=${TRACKS_SCOPE:-$(basename -- "$0")}
  if [[ ${1-} == --scope ]]; then
    SCOPE=${2-}
    shift 2 || shift $#
  fi
  VERB=${1-}
  shift || true
  [[ $SCOPE =~ $NAME_PATTERN ]] || fail "scope \"$SCOPE\": give PROJECT.STACK, as in --scope tracks.dev"
  ((EUID != 0)) || use_own_temporary_files
  case $VERB in
    survey | resolve | status | follow | backup | version) "$VERB" "$@" ;;
    probe) (($# == 0)) || fail 'usage: probe'; probe ;;
    apply | remove | recover | operate)
      open_state
      "$VERB" "$@"
      ;;
    *) fail "verb \"$VERB\": give apply NAME, remove NAME, probe, survey, resolve, recover, operate, status, follow, backup or version" ;;
  esac
}

main "$@"
# end of the tracks host script
