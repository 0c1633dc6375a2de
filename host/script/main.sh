
# --- Main -------------------------------------------------------------------------------------------

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
  case $VERB in
    survey | resolve | version) "$VERB" "$@" ;;
    probe) (($# == 0)) || fail 'usage: probe'; probe ;;
    apply | remove | recover)
      open_state
      "$VERB" "$@"
      ;;
    *) fail "verb \"$VERB\": give apply NAME, remove NAME, probe, survey, resolve, recover or version" ;;
  esac
}

main "$@"
# end of the tracks host script
