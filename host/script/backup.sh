
# --- Backup: of the application's database, before an administrator changes it ---

# Prints `backup PATH`.
backup() { # user=U current=PATH virtualenv=PATH backups=PATH production=yes|no label=WORD [client=DIRECTORY]
  local user='' current='' virtualenv='' backups='' production='' label='' client='' words
  verb_words backup user,current,virtualenv,backups,production,label client "$@"
  application_environment "$production"
  words=(--directory "$ROOT$backups" --label "$label" ${client:+--client "$client"})
  back_up_as "$user" "$current" "$ROOT$virtualenv/bin/python" "${words[@]}"
  printf '%s\n' "$REPLY"
}

# Backs the database up as the application's user. Leaves in REPLY what the program says: `backup PATH`, and with
# --if-any also `none` or `unknown ENGINE`.
back_up_as() { # USER DIRECTORY INTERPRETER WORD...
  local user=$1 directory=$2 python=$3
  shift 3
  OUTPUT=$(python_as "$user" "$directory" "$python" backup "$@" 2>&1 </dev/null) \
    || fail_with_lines 1 "can't back up the database"
  # The application may print something before that line, and behind it.
  REPLY=$(grep -xE 'backup /.+|none|unknown .+' <<<"$OUTPUT" | tail -n 1)
  [[ -n $REPLY ]] || fail_with_lines 1 'the backup of the database does not say where it is'
}

# Leaves the variables of the application in AS_ENVIRONMENT: the service's, and without production the same
# without PRODUCTION.
application_environment() { # yes|no
  local line words=()
  uwsgi_ini
  service_environment "${REPLY:+$ROOT$REPLY}" "$1"
  [[ $1 == no ]] || return 0
  for line in ${AS_ENVIRONMENT[@]+"${AS_ENVIRONMENT[@]}"}; do
    [[ $line == PRODUCTION=* ]] || words+=("$line")
  done
  AS_ENVIRONMENT=(${words[@]+"${words[@]}"})
}
