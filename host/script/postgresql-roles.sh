
# --- PostgreSQL: roles, their passwords, databases; created or adopted, never dropped ---------------------

# Settings of sessions that change a password: neither it nor its verifier gets into the server's log, whatever
# the server logs, and the verifier is of the wanted kind. A role with CREATEROLE has these settings
# permanently: the Pulumi provider sends passwords as plain text.
# It finds the system's functions and operators alone, for the reason that PG_SEARCH_PATH has.
readonly PG_DISCREET_SETTINGS='log_statement=none log_min_error_statement=panic log_min_duration_statement=-1 search_path=pg_catalog'
readonly PG_DISCREET='-c log_statement=none -c log_min_error_statement=panic -c log_min_duration_statement=-1 -c log_duration=off'

discreet_session() {
  PG_OPTIONS="$PG_DISCREET -c password_encryption=$(encryption_setting)"
}

# States: `none`, or `login=B createdb=B createrole=B superuser=B discreet=B`.
state_postgresql_role() { # NAME
  postgresql_state role "$1"
}

make_postgresql_role() { # STATE NAME
  local word setting attributes='' verb=ALTER settings=''
  recall_postgresql
  state_postgresql_role "$2"
  [[ $REPLY != none ]] || verb=CREATE
  for word in $1; do
    case $word in
      discreet=true)
        for setting in $PG_DISCREET_SETTINGS; do
          settings+=" ALTER ROLE \"$2\" SET ${setting%%=*} = '${setting#*=}';"
        done
        ;;
      discreet=false)
        # Some of them may be an administrator's own.
        [[ $REPLY == *' discreet=true' ]] || continue
        for setting in $PG_DISCREET_SETTINGS; do
          settings+=" ALTER ROLE \"$2\" RESET ${setting%%=*};"
        done
        ;;
      *=true) attributes+=" ${word%=true}" ;;
      *=false) attributes+=" no${word%=false}" ;;
    esac
  done
  psql_must "can't make the role $2" "$verb ROLE \"$2\" WITH$attributes;$settings"
}

converge_postgresql_role() { # INDEX
  local name=${E_WORDS[$1]} want='login=true' attribute live
  recall_postgresql || fail "the role $name: this program has not set up a PostgreSQL server on this host: add the entry postgresql-server"
  state_postgresql_role "$name"
  live=$REPLY
  [[ $live != unreachable ]] || fail "can't ask PostgreSQL for the role $name: $OUTPUT"
  for attribute in createdb createrole; do
    attribute "$1" "$attribute" no
    if [[ $REPLY == yes ]]; then
      want+=" $attribute=true"
    elif [[ $live == *" $attribute=true"* ]]; then
      # An attribute that somebody else gave the role stays.
      want+=" $attribute=true"
    else
      want+=" $attribute=false"
    fi
  done
  want+=' superuser=false'
  if [[ $want == *' createrole=true'* || $live == *' discreet=true' ]]; then
    want+=' discreet=true'
  else
    want+=' discreet=false'
  fi
  converge_thing "postgresql-role $name" "$want"
  converge_postgresql_password "$1"
}

# The state is a digest of the verifier; kept/ has the verifier itself, to undo a change.
state_postgresql_password() { # NAME
  postgresql_state password "$1"
}

keep_verifier() { # NAME DIGEST
  [[ $2 != none ]] || return 0
  psql_must "can't read the verifier of $1" "SELECT rolpassword FROM pg_authid WHERE rolname = '$1';"
  write_file "$STATE/kept/verifier-$1-$2" "$OUTPUT"
  # The name, too, is on the disk before the password is changed.
  settle
}

make_postgresql_password() { # STATE NAME
  local file=$STATE/kept/verifier-$2-$1 verifier
  recall_postgresql
  if [[ $1 == none ]]; then
    psql_must "can't remove the password of the role $2" "ALTER ROLE \"$2\" PASSWORD NULL;"
    return
  fi
  [[ -e $file ]] || fail "can't restore the former password of the role $2, which is no longer in $file: set one by hand (\\password $2 in psql)"
  verifier=$(cat -- "$file")
  [[ $verifier != *\'* ]] || fail "the former verifier of the role $2 has a quote in it: set its password by hand"
  discreet_session
  psql_run <<<"ALTER ROLE \"$2\" PASSWORD '$verifier';" || fail "can't restore the former password of the role $2: ${OUTPUT//"$verifier"/[secret]}"
  PG_OPTIONS=''
  rm -f -- "$file"
}

# psql makes the verifier itself (\password), so that the server never sees the password.
converge_postgresql_password() { # INDEX
  local name=${E_WORDS[$1]} key="postgresql-password ${E_WORDS[$1]}" live password=${E_CONTENT[$1]%$'\n'} options
  state_postgresql_password "$name"
  live=$REPLY
  if [[ $SAME_MANIFEST == yes && $live == "${MADE[$key]-}" ]]; then
    claim_thing "$key" "$live" "$live"
    return
  fi
  step thing "$key" "$live"
  printf '%s\n' "$STATE/kept/verifier-$name-$live" >>"$JOURNAL/discard"
  keep_verifier "$name" "$live"
  discreet_session
  options=(-X -q -w -v ON_ERROR_STOP=1 -p "$PG_PORT" -d postgres -c "\\password \"$name\"")
  # psql would ask a terminal, where there is one, rather than stdin.
  # shellcheck disable=SC2016 # the other shell expands them
  OUTPUT=$(printf '%s\n%s\n' "$password" "$password" | as_postgres sh -c \
    'if (: </dev/tty) 2>/dev/null; then exec setsid "$@"; fi; exec "$@"' sh \
    "$ROOT$PG_BINARIES/psql" "${options[@]}" 2>&1) \
    || fail "can't set the password of the role $name: ${OUTPUT//"$password"/[secret]}"
  PG_OPTIONS=''
  state_postgresql_password "$name"
  [[ $REPLY != "$live" && $REPLY != none ]] || fail "psql's \\password did not change the password of the role $name"
  claim_thing "$key" "$live" "$REPLY"
  changed "changed the password of the role $name"
}

# States: `none`, or the owner.
make_postgresql_database() { # STATE NAME
  recall_postgresql
  state_postgresql_database "$2"
  if [[ $REPLY == none ]]; then
    psql_must "can't make the database $2" "CREATE DATABASE \"$2\" OWNER \"$1\" TEMPLATE template0 ENCODING 'UTF8';"
  else
    psql_must "can't give the database $2 to $1" "ALTER DATABASE \"$2\" OWNER TO \"$1\";"
  fi
}

# The owner has all privileges; from 15 on, that is also what lets it create tables in the schema public.
converge_postgresql_database() { # INDEX
  local name=${E_WORDS[$1]} owner
  attribute "$1" owner ''
  owner=$REPLY
  converge_thing "postgresql-database $name" "$owner"
  psql_must "can't grant on the database $name" "GRANT ALL PRIVILEGES ON DATABASE \"$name\" TO \"$owner\";"
}

# Prepares a role or database from before us for the provisioning role: that is no superuser, and can
# only change what it may administer.
converge_postgresql_adoption() { # INDEX
  local database=${E_WORDS[$1]} role provisioner owner live
  attribute "$1" role ''
  role=$REPLY
  attribute "$1" provisioner ''
  provisioner=$REPLY
  state_postgresql_role "$role"
  live=$REPLY
  if [[ $live == *superuser=true* ]]; then
    fail "the role $role is a superuser, which this program does not change: run as postgres: ALTER ROLE \"$role\" NOSUPERUSER; or set PostgresDatabase.user to another name"
  fi
  if [[ $live != none && ${PG_VERSION%.*} -ge 16 ]]; then
    psql_must "can't let $provisioner administer $role" "GRANT \"$role\" TO \"$provisioner\" WITH ADMIN OPTION;"
  fi
  if [[ $live == none ]]; then role=$provisioner; fi
  state_postgresql_database "$database"
  owner=$REPLY
  [[ $owner != none && $owner != "$role" && $owner != "$provisioner" ]] || return 0
  step thing "postgresql-database $database" "$owner"
  make_postgresql_database "$role" "$database"
  changed "gave the database $database to $role (its owner was $owner)"
}
