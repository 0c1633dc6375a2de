
# --- PostgreSQL: who may log in (pg_hba.conf) -------------------------------------------------------------
#
# The first line that matches decides, so ours stand first, in one block a scope. State of the thing
# `postgresql-access SCOPE`: digest of the block, or `none`. Blocks lie in kept/hba-DIGEST for the way back.
# The file belongs to postgres, and is read and written as that user.

# Leaves the file's path in REPLY.
postgresql_hba_file() {
  local file=$PG_DATA/pg_hba.conf
  # A server that lets postgres in by password only can't be asked; it has the file in its usual place.
  if psql_run <<<'SHOW hba_file;' && [[ $OUTPUT == /* ]]; then file=$OUTPUT; fi
  REPLY=$(as_postgres readlink -f -- "${ROOT:+$ROOT}${file#"$ROOT"}" </dev/null)
  [[ -n $REPLY ]] || REPLY=$ROOT$file
}

# Leaves the file's text in REPLY.
read_hba() { # FILE
  OUTPUT=$(as_postgres cat -- "$1" 2>&1 </dev/null && printf x) || fail "can't read ${1#"$ROOT"}: $OUTPUT"
  REPLY=${OUTPUT%x}
}

# Splits a text at the block of a scope: HBA_BLOCK is the block, HBA_REST everything else.
split_hba() { # TEXT SCOPE
  local line inside=no
  HBA_BLOCK='' HBA_REST=''
  while IFS= read -r line; do
    if [[ $line == "# BEGIN $2: "* ]]; then inside=yes; fi
    if [[ $inside == yes ]]; then HBA_BLOCK+=$line$'\n'; else HBA_REST+=$line$'\n'; fi
    if [[ $line == "# END $2" ]]; then inside=no; fi
  done < <(printf '%s' "$1")
  # A block without its end would swallow the lines of others.
  [[ $inside == no ]] || fail "pg_hba.conf has the line \"# BEGIN $2\" and none \"# END $2\": put it back behind the lines of that block"
}

HBA_BLOCK='' HBA_REST=''

block_digest() { # TEXT
  REPLY=none
  [[ -n $1 ]] || return 0
  REPLY=$(printf '%s' "$1" | sha256sum)
  REPLY=${REPLY%% *}
}

keep_block() { # TEXT
  block_digest "$1"
  [[ $REPLY == none ]] || write_file "$STATE/kept/hba-$REPLY" "$1"
}

state_postgresql_access() { # SCOPE
  recall_postgresql || {
    REPLY=none
    return 0
  }
  postgresql_hba_file
  read_hba "$REPLY"
  split_hba "$REPLY" "$1"
  block_digest "$HBA_BLOCK"
}

# Writes the block and has the server read it; a server that is stopped reads it when it starts.
make_postgresql_access() { # STATE SCOPE
  local file block='' text
  recall_postgresql
  if [[ $1 != none ]]; then
    [[ -e $STATE/kept/hba-$1 ]] || fail "the former lines of pg_hba.conf are no longer in $STATE/kept/hba-$1"
    block=$(cat -- "$STATE/kept/hba-$1" && printf x)
    block=${block%x}
  fi
  postgresql_hba_file
  file=$REPLY
  read_hba "$file"
  split_hba "$REPLY" "$2"
  text=$block$HBA_REST
  # shellcheck disable=SC2016 # these are the other shell's words
  OUTPUT=$(printf '%s' "$text" | as_postgres sh -c \
    'cp -p -- "$1" "$1.tracks" && cat >"$1.tracks" && mv -f -- "$1.tracks" "$1"' sh "$file" 2>&1) \
    || fail "can't write ${file#"$ROOT"}: $OUTPUT"
  state_service "$PG_SERVICE"
  [[ $REPLY == *' running' ]] || return 0
  service_request "$PG_SERVICE" reload || fail "the service $PG_SERVICE did not reload: $REPLY"
}

# Leaves the faults that the server finds in the file as it stands on the disk, one each line. Only
# servers from 10 on can be asked.
hba_errors() {
  REPLY=''
  [[ $PG_VERSION != 9.* && $PG_VERSION != 8.* ]] || return 0
  psql_run <<<"SELECT 'line ' || line_number || ': ' || error FROM pg_hba_file_rules WHERE error IS NOT NULL;" || return 0
  REPLY=$OUTPUT
}

converge_postgresql_access() {
  local index block key="postgresql-access $SCOPE" database databases method file live
  method=$PG_ENCRYPTION
  block="# BEGIN $SCOPE: written by Pulumi; the first line that matches decides"$'\n'
  block+='local all postgres peer'$'\n'
  for index in "${!E_KIND[@]}"; do
    [[ ${E_KIND[index]} == postgresql-access ]] || continue
    attribute "$index" databases ''
    databases=''
    for database in ${REPLY//,/ }; do
      databases+=${databases:+,}\"$database\"
    done
    block+="host $databases \"${E_WORDS[index]}\" 127.0.0.1/32 $method"$'\n'
  done
  block+="# END $SCOPE"$'\n'
  postgresql_hba_file
  file=${REPLY#"$ROOT"}
  hba_errors
  [[ -z $REPLY ]] || fail "$file has lines that PostgreSQL refuses, so it takes no change of that file: $REPLY; correct them and run this again"
  thing_state "$key"
  live=$REPLY
  [[ $live == none ]] || keep_block "$HBA_BLOCK"
  keep_block "$block"
  block_digest "$block"
  converge_thing "$key" "$REPLY"
  hba_errors
  [[ -z $REPLY ]] || fail "PostgreSQL refuses the new $file: $REPLY"
  prove_postgresql_access
  if [[ $live != none ]]; then
    block_digest "$block"
    [[ $live == "$REPLY" ]] || printf '%s\n' "$STATE/kept/hba-$live" >>"$JOURNAL/discard"
  fi
}

# A password that is asked for over 127.0.0.1, and postgres let in through the socket, are the evidence
# that the lines are in force.
prove_postgresql_access() {
  local index database deadline=$((SECONDS + PROOF_WAIT))
  until psql_run <<<'SELECT 1;'; do
    ((SECONDS < deadline)) || fail "the system user postgres can't log in through PostgreSQL's local socket: $OUTPUT"
    sleep 0.2
  done
  for index in "${!E_KIND[@]}"; do
    [[ ${E_KIND[index]} == postgresql-access ]] || continue
    attribute "$index" databases ''
    for database in ${REPLY//,/ }; do
      until psql_run -h 127.0.0.1 -U "${E_WORDS[index]}" -d "$database" <<<'SELECT 1;' || [[ $OUTPUT == *'no password supplied'* ]]; do
        case $OUTPUT in
          *'Connection refused'*) fail "PostgreSQL does not listen on 127.0.0.1:$PG_PORT: set listen_addresses = 'localhost' in its postgresql.conf and restart the service $PG_SERVICE" ;;
        esac
        ((SECONDS < deadline)) || fail "PostgreSQL asks ${E_WORDS[index]} for no password on 127.0.0.1: $OUTPUT"
        sleep 0.2
      done
      [[ $OUTPUT == *'no password supplied'* ]] || fail "PostgreSQL lets ${E_WORDS[index]} in on 127.0.0.1 without a password"
    done
  done
}
