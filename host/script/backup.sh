
# --- Backup: of the application's database, before an administrator changes it ---

# Prints `backup PATH`, or `none` where there is no database yet.
backup() { # user=U current=PATH virtualenv=PATH backups=PATH production=yes|no label=WORD [client=DIRECTORY]
  local user='' current='' virtualenv='' backups='' production='' label='' client='' words
  verb_words backup user,current,virtualenv,backups,production,label client "$@"
  application_environment "$production"
  words=(--if-any --directory "$ROOT$backups" --label "$label" ${client:+--client "$client"})
  OUTPUT=$(python_as "$user" "$current" "$ROOT$virtualenv/bin/python" backup "${words[@]}" 2>&1 </dev/null) \
    || fail_with_lines 1 "can't back up the database"
  printf '%s\n' "${OUTPUT##*$'\n'}"
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
