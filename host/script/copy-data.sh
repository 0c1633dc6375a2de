
# --- Copy: the application's data from one site to another -------------------------------------------------
#
# Between the two, the data are on the caller's machine. Both ends run as the application's user, and read what
# the caller sends from descriptor 3: when the caller is gone, they end.

COPIER=''   # directory of the programs
RECEIVED=() # user, release, and the file there that has the data

# Answers what the other site must know (look), or prints the data, scrubbed (dump); see python/copy_out.py.
copy_out() { # look|dump user=U current=PATH virtualenv=PATH production=yes|no to=SCOPE scrub=yes|no
  local mode=${1-} user='' current='' virtualenv='' production='' to='' scrub='' what='a copy' reason
  shift || true
  [[ $mode == look || $mode == dump ]] || fail "copy-out \"$mode\": must be look or dump"
  verb_words copy-out user,current,virtualenv,production,to,scrub '' "$@"
  application_environment "$production"
  if [[ $mode == dump ]]; then open_state; fi
  RESOURCE=data
  run_copier "$user" "$current" "$virtualenv" copy_out "$mode"
  case $? in
    0) ;;
    3) what='a part' ;;
    *) fail "$REPLY" ;;
  esac
  reason=$REPLY
  # What has left has left, also when nobody took the rest.
  [[ $mode == look ]] || with_records_locked audit operated "gave $what of the data to $to, $(scrub_words "$scrub")"
  [[ $what == 'a copy' ]] || fail "$reason"
}

scrub_words() { # yes|no
  if [[ $1 == yes ]]; then printf 'scrubbed'; else printf 'not scrubbed'; fi
}

# Says whether the data of another site fit (look), or replaces the application's by them (load); see
# python/copy_in.py.
copy_in() { # look|load user=U current=PATH virtualenv=PATH production=no backups=PATH from=SCOPE
  local mode=${1-} user='' current='' virtualenv='' production='' backups='' from='' digest file said
  shift || true
  [[ $mode == look || $mode == load ]] || fail "copy-in \"$mode\": must be look or load"
  verb_words copy-in user,current,virtualenv,production,backups,from '' "$@"
  [[ $production == no ]] || fail 'copy-in: production must be no, since a copy never replaces production data'
  application_environment no
  RESOURCE=data
  if [[ $mode == look ]]; then
    run_copier "$user" "$current" "$virtualenv" copy_in look || fail "$REPLY"
    return
  fi
  open_state
  # Before the locks: however long that takes, it keeps no other run waiting.
  said=$(run_copier "$user" "$current" "$virtualenv" copy_in receive "$ROOT$backups" || fail "$REPLY") || exit 1
  read -r digest file <<<"$said"
  RECEIVED=("$user" "$current" "$file")
  trap end_copier EXIT
  LOCK_DEADLINE=$((SECONDS + LOCK_WAIT))
  # During a load, no run may migrate or remove the release.
  tell_wait application uwsgi
  take_locks application uwsgi
  ! caller_is_gone || fail 'the caller is gone: nothing was done'
  run_copier "$user" "$current" "$virtualenv" copy_in load "$ROOT$backups" "$file" "$digest" || fail "$REPLY"
  # The data are replaced by now.
  said=$( (with_records_locked audit operated "replaced the data by a copy of those of $from") 2>&1) \
    || printf 'note the audit log does not have this: %s\n' "${said//$'\n'/ }"
}

end_copier() {
  rm -rf -- "$COPIER"
  ((${#RECEIVED[@]} == 0)) || as_user "${RECEIVED[0]}" "${RECEIVED[1]}" rm -f -- "${RECEIVED[2]}" </dev/null
}

# Runs one of the two programs. What it prints is the caller's. Status: the program's; leaves the last line of its
# errors in REPLY.
run_copier() { # USER DIRECTORY VIRTUALENV PROGRAM WORD...
  local user=$1 directory=$2 python=$ROOT$3/bin/python program=$4 errors status reason
  shift 4
  [[ -x $python ]] || fail "there is no Python at ${python#"$ROOT"}: deploy the release with its virtualenv first"
  trap end_copier EXIT
  install_programs tracks-copy
  COPIER=$REPLY
  {
    errors=$(
      AS_UMASK=077
      as_user "$user" "$directory" "$python" "$COPIER/$program.py" "$@" <&3 2>&1 >&4 | tail -c 65536
      exit "${PIPESTATUS[0]}"
    )
    status=$?
  } 4>&1
  reason=$(grep -v '^[[:space:]]*$' <<<"$errors" | tail -n 1)
  REPLY=${reason:-the program ended with status $status and without a message}
  return "$status"
}
