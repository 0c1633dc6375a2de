
# --- Main -------------------------------------------------------------------------------------------

# On older hosts, bash writes here-documents to files, also those with secrets: in a directory of root, not in
# /tmp, which any user can fill. The variable is not exported.
use_own_temporary_files() {
  lock_directory
  TMPDIR=$REPLY
  export -n TMPDIR
  { printf '%065536d' 0 >"$TMPDIR/room.$$"; } 2>/dev/null || {
    rm -f -- "$TMPDIR/room.$$"
    fail "there is no space left in ${TMPDIR#"$ROOT"}, which this run needs: free some; nothing was changed"
  }
  rm -f -- "$TMPDIR/room.$$"
}

main() {
  trap 'fail "ended by a signal"' TERM INT HUP
  # If the caller ends, the run must not end halfway.
  trap '' PIPE
  SCOPE=${TRACKS_SCOPE:-$(basename -- "$0")}
  if [[ ${1-} == --scope ]]; then
    SCOPE=${2-}
    shift 2 || shift $#
  fi
  VERB=${1-}
  shift || true
  [[ $SCOPE =~ $NAME_PATTERN ]] || fail "scope \"$SCOPE\": must be PROJECT.STACK, as in --scope tracks.dev"
  ((EUID != 0)) || use_own_temporary_files
  case $VERB in
    look | survey | resolve | status | follow | backup | version) "$VERB" "$@" ;;
    copy-out) copy_out "$@" ;;
    copy-in) copy_in "$@" ;;
    probe) (($# == 0)) || fail 'usage: probe'; probe ;;
    apply | remove | recover | operate)
      open_state
      "$VERB" "$@"
      ;;
    *) fail "verb \"$VERB\": must be apply NAME, remove NAME, probe, survey, look, resolve, recover, operate, status, follow, backup, copy-out, copy-in or version" ;;
  esac
}

main "$@"
# end of the tracks host script
