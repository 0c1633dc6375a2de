
# --- PostgreSQL: who may log in (pg_hba.conf) -------------------------------------------------------------
#
# The first line that matches decides, so ours come first, in one block per scope. They let the roles of
# the manifest log in over 127.0.0.1, and affect nobody else. State of the thing
# `postgresql-access SCOPE`: digest of the block, or `none`. kept/hba-DIGEST has the block, to undo a change.

HBA_BEFORE='' HBA_BLOCK='' HBA_AFTER=''

# Reads the file, and splits it at the block of a scope. False where there is no file.
read_hba() { # SCOPE
  local file=$PG_DATA/pg_hba.conf line number=0 part=before begin open fault=''
  # A server that refuses postgres can't be asked; then the file is in its usual directory.
  if psql_run <<<'SHOW hba_file;' && [[ $OUTPUT == /* ]]; then file=${OUTPUT#"$ROOT"}; fi
  [[ -e $ROOT$file ]] || return 1
  open_foreign "$file" as_postgres
  # The server's owner chooses the path: root must not write our block into any other file of root.
  ((${#FOREIGN_RUNNER[@]})) || must_be_hba "$file"
  HBA_BEFORE='' HBA_BLOCK='' HBA_AFTER=''
  open="^#[[:space:]]*BEGIN[[:space:]]+([^[:space:]:]+)"
  while IFS= read -r line; do
    number=$((number + 1))
    if [[ $line =~ $open ]]; then
      if [[ ${BASH_REMATCH[1]} == "$1" ]]; then
        [[ $part == before ]] || fault=${fault:-$number}
        part=block begin=$number
      elif [[ $part == block ]]; then
        fault=${fault:-$number}
      fi
    fi
    case $part in
      before) HBA_BEFORE+=$line$'\n' ;;
      block) HBA_BLOCK+=$line$'\n' ;;
      after) HBA_AFTER+=$line$'\n' ;;
    esac
    if [[ $line =~ ^#[[:space:]]*END[[:space:]]+"$1"[[:space:]]*$ ]]; then
      [[ $part == block ]] || fault=${fault:-$number}
      part=after
    fi
  done < <(printf '%s\n' "$FOREIGN_TEXT")
  [[ $part != block ]] || fault=${fault:-$begin}
  # Without its last line the block would include lines of others.
  [[ -z $fault ]] || fail "$FOREIGN_FILE, line $fault: the lines \"# BEGIN $1: ...\" and \"# END $1\" must be there once, in this order, with nothing of another program between them. Correct them, or delete the whole block, and run this again"
  # printf added the last end of a line.
  case $part in
    before) HBA_BEFORE=${HBA_BEFORE%$'\n'} ;;
    *) if [[ -n $HBA_AFTER ]]; then HBA_AFTER=${HBA_AFTER%$'\n'}; else HBA_BLOCK=${HBA_BLOCK%$'\n'}; fi ;;
  esac
}

# Fails on a file that has anything else than records of pg_hba.conf in it.
must_be_hba() { # PATH
  local line records=0 continued='' number=0
  local record='^[[:space:]]*"?(local|host|hostssl|hostnossl|hostgssenc|hostnogssenc|include|include_if_exists|include_dir)"?[[:space:]]'
  while IFS= read -r line; do
    number=$((number + 1))
    if [[ -z $continued && ! $line =~ ^[[:space:]]*(#|$) ]]; then
      [[ $line =~ $record ]] || fail "PostgreSQL's setting hba_file names $1, whose line $number is not a record of pg_hba.conf: root edits no other file. Correct that line, or hba_file in postgresql.conf"
      records=$((records + 1))
    fi
    continued=''
    [[ $line != *\\ ]] || continued=yes
  done < <(printf '%s\n' "$FOREIGN_TEXT")
  ((records)) || fail "PostgreSQL's setting hba_file names $1, which has no record of pg_hba.conf: root edits no other file. Correct hba_file in postgresql.conf"
}

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
  REPLY=none
  if recall_postgresql && read_hba "$1"; then block_digest "$HBA_BLOCK"; fi
}

# Writes the block and makes the server read it; a stopped server reads it when it starts.
make_postgresql_access() { # STATE SCOPE
  local block=''
  recall_postgresql
  if [[ $1 != none ]]; then
    [[ -e $STATE/kept/hba-$1 ]] || fail "can't restore the former lines of $2 in pg_hba.conf, which are no longer in $STATE/kept/hba-$1"
    block=$(cat -- "$STATE/kept/hba-$1" && printf x)
    block=${block%x}
  fi
  read_hba "$2" || fail "PostgreSQL's data directory $PG_DATA has no pg_hba.conf: restore the file, or set PostgresDatabase.dataDirectory to the directory that has it"
  edit_foreign "$block" "$HBA_BEFORE" "$HBA_BLOCK" '' "$HBA_AFTER"
  reload_postgresql
}

# Not through the service, since its unit may not support a reload.
reload_postgresql() {
  state_service "$PG_SERVICE"
  [[ $REPLY == *' running' ]] || return 0
  OUTPUT=$(as_postgres "$ROOT$PG_BINARIES/pg_ctl" reload -D "$ROOT$PG_DATA" 2>&1 </dev/null) \
    || fail "PostgreSQL in $PG_DATA did not reload its configuration: $OUTPUT"
}

# Leaves the errors that the server finds in the file on the disk, one per line. Only PostgreSQL 10 and newer
# can be asked; from 16 on the file may include others.
hba_errors() {
  local file="''"
  REPLY=''
  ! postgresql_is_before 10 || return 0
  postgresql_is_before 16 || file="' of ' || file_name"
  psql_run <<<"SELECT 'line ' || line_number || $file || ': ' || error FROM pg_hba_file_rules WHERE error IS NOT NULL;" || return 0
  REPLY=$OUTPUT
}

converge_postgresql_access() {
  local index block key="postgresql-access $SCOPE" database databases live
  block="# BEGIN $SCOPE: written by Pulumi; the first line that matches decides"$'\n'
  for index in "${!E_KIND[@]}"; do
    [[ ${E_KIND[index]} == postgresql-access ]] || continue
    attribute "$index" databases ''
    databases=''
    for database in ${REPLY//,/ }; do
      databases+=${databases:+,}\"$database\"
    done
    block+="host $databases \"${E_WORDS[index]}\" 127.0.0.1/32 $PG_ENCRYPTION"$'\n'
  done
  block+="# END $SCOPE"$'\n'
  thing_state "$key"
  live=$REPLY
  hba_errors
  [[ -z $REPLY ]] || fail "$FOREIGN_FILE has lines that PostgreSQL refuses, so it would not load a change of that file: $REPLY; correct them and run this again"
  [[ $live == none ]] || keep_block "$HBA_BLOCK"
  keep_block "$block"
  keep_foreign "$key" "$live" "$REPLY"
  block_digest "$block"
  converge_thing "$key" "$REPLY"
  hba_errors
  [[ -z $REPLY ]] || fail "PostgreSQL refuses the new $FOREIGN_FILE: $REPLY"
  prove_postgresql_access
  if [[ $live != none ]]; then
    block_digest "$block"
    [[ $live == "$REPLY" ]] || printf '%s\n' "$STATE/kept/hba-$live" >>"$JOURNAL/discard"
  fi
}

# The lines are in force when the server asks for a password over 127.0.0.1.
prove_postgresql_access() {
  local index database deadline=$((SECONDS + PROOF_WAIT))
  for index in "${!E_KIND[@]}"; do
    [[ ${E_KIND[index]} == postgresql-access ]] || continue
    attribute "$index" databases ''
    for database in ${REPLY//,/ }; do
      until ! psql_run -h 127.0.0.1 -U "${E_WORDS[index]}" -d "$database" <<<'SELECT 1;' && [[ $OUTPUT == *'no password supplied'* ]]; do
        case $OUTPUT in
          *'Connection refused'*) fail "PostgreSQL does not listen on 127.0.0.1:$PG_PORT: set listen_addresses = 'localhost' in its postgresql.conf and restart the service $PG_SERVICE" ;;
        esac
        ((SECONDS < deadline)) || fail "PostgreSQL does not ask ${E_WORDS[index]} for a password on 127.0.0.1 (it says: ${OUTPUT%%$'\n'*}). If a line above \"# BEGIN $SCOPE\" in $FOREIGN_FILE matches first, move it below \"# END $SCOPE\""
        sleep 0.2
      done
    done
  done
  check_postgresql_listener
  check_postgresql_login
}

# Fails where another user than postgres and root listens at the server's address, who would be given passwords: any
# user may, while the server is stopped, which then goes on without that address. A forwarder of root's may be wanted.
check_postgresql_listener() {
  local hex file fields=() postgres=none name
  printf -v hex '%04X' "$PG_PORT"
  IFS=: read -r _ _ postgres _ < <(getent passwd postgres)
  for file in tcp tcp6; do
    while read -r -a fields; do
      # As in listening_socket; the loopback of IPv4 has another form among the addresses of IPv6.
      [[ ${fields[3]-} == 0A && ${fields[1]} =~ ^(0100007F|0{16}FFFF00000100007F|0+):$hex$ ]] || continue
      [[ ${fields[7]} != "$postgres" && ${fields[7]} != 0 ]] || continue
      name=$(getent passwd "${fields[7]}")
      name=${name%%:*}
      fail "the user ${name:-with the id ${fields[7]}} listens on 127.0.0.1:$PG_PORT, and would be given PostgreSQL's passwords: end that program (ss -tlnp \"sport = :$PG_PORT\" shows it) and restart the service $PG_SERVICE, or set PostgresDatabase.port to another port"
    done < <(cat -- "$ROOT/proc/net/$file" 2>/dev/null)
  done
}
