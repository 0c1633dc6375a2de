
# --- PostgreSQL: one server per host; it keeps running and nothing in it is ever dropped ----------------
#
# All SQL goes to the server as the system user postgres, through the local socket and psql's stdin. This
# script also runs the server's programs, and opens files in its data directory, as postgres: both may belong
# to that user.

# What the entry of the server said, for entries and probes that come without it.
readonly POSTGRESQL=$STATE/postgresql
# A cluster that we made and have not finished setting up: nobody has data in it.
readonly POSTGRESQL_UNFINISHED=$STATE/postgresql-unfinished
# A name that needs no escaping inside double or single quotes, in SQL and in pg_hba.conf.
readonly POSTGRESQL_NAME='^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$'

# Allowed values of PostgresDatabase.version.
readonly POSTGRESQL_VERSIONS='^(9\.[2-6]|1[0-8])$'

PG_SERVICE='' PG_BINARIES='' PG_DATA='' PG_PORT='' PG_ENCRYPTION='' PG_VERSION=''

recall_postgresql() {
  local key value
  [[ -e $POSTGRESQL ]] || return 1
  while IFS='=' read -r key value; do
    case $key in
      service) PG_SERVICE=$value ;;
      binaries) PG_BINARIES=$value ;;
      data) PG_DATA=$value ;;
      port) PG_PORT=$value ;;
      encryption) PG_ENCRYPTION=$value ;;
      version) PG_VERSION=$value ;;
    esac
  done <"$POSTGRESQL"
}

remember_postgresql() {
  write_file "$POSTGRESQL" "service=$PG_SERVICE
binaries=$PG_BINARIES
data=$PG_DATA
port=$PG_PORT
encryption=$PG_ENCRYPTION
version=$PG_VERSION
"
}

# Runs a command as the system user postgres, in an empty environment, with our stdin.
as_postgres() { # COMMAND...
  local words home
  printf -v words '%q ' "$@"
  IFS=: read -r _ _ _ _ _ home _ < <(getent passwd postgres)
  (
    cd / || exit 1
    umask 077
    # As in as_user: the locks are this shell's, and the program gets stdin, stdout and stderr only.
    (
      close_descriptors
      exec env -i PATH="$PATH" HOME="$ROOT${home:-/}" LC_ALL=C PGCONNECT_TIMEOUT=10 PGPASSFILE=/nonexistent \
        PGOPTIONS="$PG_SEARCH_PATH${PG_OPTIONS:+ $PG_OPTIONS}" ${ROOT:+TRACKS_ROOT="$ROOT"} \
        runuser -s /bin/sh -c "exec $words" postgres
    )
    exit "$?"
  )
}

# A role that may create in another schema could have an operator or a function there that fits better than the
# system's own, and a superuser would run it. Before 15, everyone may create in the schema public.
readonly PG_SEARCH_PATH='-c search_path=pg_catalog'
PG_OPTIONS='' # settings that come to that one, until they are taken back

# Runs SQL from stdin; leaves the rows in OUTPUT or, when it fails, the errors.
psql_run() { # [PSQL-OPTION...]
  local output status=0 line wanted
  output=$(as_postgres "$ROOT$PG_BINARIES/psql" -X -q -A -t -w -v ON_ERROR_STOP=1 -p "$PG_PORT" -d postgres "$@" \
    2> >(sed 's/^/! /')) || status=$?
  OUTPUT=''
  while IFS= read -r line; do
    if [[ $line == '! '* ]]; then wanted=1; else wanted=0; fi
    if (((status != 0) == wanted)); then OUTPUT+=${OUTPUT:+$'\n'}${line#! }; fi
  done <<<"$output"
  return "$status"
}

# Runs SQL that must succeed: psql_must WHAT SQL.
psql_must() {
  psql_run <<<"$2" || fail "$1: $OUTPUT"
}

# --- Where programs and data are: as the service declares, else in the usual directories ------------------

# Leaves the value of the last `KEY=VALUE` that the service's unit, its drop-ins or its init script have.
postgresql_declares() { # PATTERN
  local file line value='' name=$PG_SERVICE
  for file in "$ROOT"/etc/init.d/"$name" "$ROOT"/etc/sysconfig/pgsql/"$name" \
    "$ROOT"/lib/systemd/system/"$name".service "$ROOT"/usr/lib/systemd/system/"$name".service \
    "$ROOT"/etc/systemd/system/"$name".service "$ROOT"/etc/systemd/system/"$name".service.d/*.conf; do
    [[ -r $file && -f $file ]] || continue
    while IFS= read -r line; do
      if [[ $line =~ $1 ]]; then value=${BASH_REMATCH[2]}; fi
    done <"$file"
  done
  REPLY=$value
}

# Leaves the directory of the server's programs in PG_BINARIES, or nothing where there is no server.
find_postgresql_binaries() { # auto|DIRECTORY
  local directory
  PG_BINARIES=''
  if [[ $1 != auto ]]; then
    if [[ -x $ROOT$1/postgres ]]; then PG_BINARIES=$1; fi
    return
  fi
  postgresql_declares '^(ExecStart=|PGENGINE=)"?(/[A-Za-z0-9._/-]+)'
  REPLY=${REPLY%/postmaster}
  REPLY=${REPLY%/postgres}
  for directory in "${REPLY%/pg_ctl}" /usr/bin /usr/local/pgsql/bin; do
    if [[ -n $directory && -x $ROOT$directory/postgres && -x $ROOT$directory/psql ]]; then
      PG_BINARIES=$directory
      return
    fi
  done
}

# Leaves the data directory in PG_DATA: as a running server says, else as the service declares.
find_postgresql_data() { # auto|DIRECTORY
  PG_DATA=$1
  if [[ $1 == auto ]]; then
    postgresql_declares '^(Environment="?PGDATA=|PGDATA=|ExecStart=.* -D *)["'\'']?(/[A-Za-z0-9._/-]+)'
    PG_DATA=${REPLY:-/var/lib/pgsql/data}
    state_service "$PG_SERVICE"
    if [[ $REPLY == *' running' && -n $PG_BINARIES ]] && psql_run <<<'SHOW data_directory;' && [[ $OUTPUT == /* ]]; then
      PG_DATA=${OUTPUT#"$ROOT"}
    fi
  fi
  while [[ $PG_DATA == ?*/ ]]; do PG_DATA=${PG_DATA%/}; done
}

# Leaves the version of the server's programs in PG_VERSION, as in PostgresDatabase.version: 15 or 9.6.
find_postgresql_version() {
  local words
  words=$(as_postgres "$ROOT$PG_BINARIES/postgres" --version 2>/dev/null </dev/null)
  PG_VERSION=''
  if [[ $words =~ ([0-9]+)\.([0-9]+) || $words =~ ([0-9]+) ]]; then
    PG_VERSION=${BASH_REMATCH[1]}
    if ((PG_VERSION < 10)); then PG_VERSION+=.${BASH_REMATCH[2]}; fi
  fi
}

postgresql_is_before() { # MAJOR
  ((${PG_VERSION%%.*} + 0 < $1))
}

# Is there a cluster? Only then can there be roles and databases.
has_postgresql_data() {
  [[ -e $ROOT$PG_DATA/PG_VERSION ]]
}

# --- The entries -----------------------------------------------------------------------------------------

parse_postgresql() { # LINE-NUMBER KIND NAME ATTRIBUTE...
  local number=$1 kind=$2 name=${3-}
  shift 3 || shift $#
  if [[ $kind == postgresql-server ]]; then
    [[ $name =~ $POSTGRESQL_VERSIONS ]] || fault "$number" "PostgreSQL \"$name\": must be a major version, 9.2 to 9.6 or 10 to 18"
  else
    [[ $name =~ $POSTGRESQL_NAME ]] || fault "$number" "$kind \"$name\": a name may have up to 63 letters, digits and _ -"
  fi
  case $kind in
    postgresql-server) check_attributes "$number" 'service binaries data port encryption' '' "$@" ;;
    postgresql-access) check_attributes "$number" databases '' "$@" ;;
    postgresql-role) check_attributes "$number" 'createdb createrole' '' "$@" ;;
    postgresql-database) check_attributes "$number" owner '' "$@" ;;
    postgresql-adoption) check_attributes "$number" 'role provisioner' '' "$@" ;;
    # Only stored, for the next run of the program to read.
    postgresql-site) check_attributes "$number" 'role server generation' '' "$@" ;;
    *) fault "$number" 'unknown entry (a line of content begins with "| ")' ;;
  esac
  add_entry "$number" "$kind" - "$name" "$*"
}

check_postgresql_value() { # LINE-NUMBER KEY VALUE
  local name
  case $2 in
    encryption) [[ $3 == scram-sha-256 || $3 == md5 ]] || fault "$1" "encryption=$3: must be scram-sha-256 or md5" ;;
    binaries | data) [[ $3 == auto ]] || check_path "$1" "$3" ;;
    port) [[ $3 =~ ^[1-9][0-9]{0,4}$ && $3 -le 65535 ]] || fault "$1" "port=$3: must be 1 to 65535" ;;
    generation) [[ $3 =~ ^[0-9a-f]+$ ]] || fault "$1" "generation=$3: must be hexadecimal digits" ;;
    service) [[ $3 =~ $NAME_PATTERN ]] || fault "$1" "service=$3: must be the name of the service, such as postgresql" ;;
    databases | role | provisioner)
      for name in ${3//,/ }; do
        [[ $name =~ $POSTGRESQL_NAME ]] || fault "$1" "$2=$3: a name may have up to 63 letters, digits and _ -"
      done
      ;;
  esac
}

# --- The server ------------------------------------------------------------------------------------------

# Leaves the index of the manifest's server entry in REPLY, or nothing.
postgresql_entry() {
  local index
  REPLY=''
  for index in ${E_KIND[@]+"${!E_KIND[@]}"}; do
    if [[ ${E_KIND[index]} == postgresql-server ]]; then REPLY=$index; fi
  done
}

read_postgresql_entry() { # INDEX
  attribute "$1" service postgresql
  PG_SERVICE=$REPLY
  attribute "$1" port 5432
  PG_PORT=$REPLY
  attribute "$1" encryption scram-sha-256
  PG_ENCRYPTION=$REPLY
  attribute "$1" binaries auto
  find_postgresql_binaries "$REPLY"
  attribute "$1" data auto
  find_postgresql_data "$REPLY"
}

# Fails on an installed server of another version before a module stream is changed: the next update
# would install a server that can't read the data.
check_postgresql_version() {
  local index wanted streams=''
  postgresql_entry
  index=$REPLY
  [[ -n $index ]] || return 0
  read_postgresql_entry "$index"
  [[ -n $PG_BINARIES ]] || return 0
  check_postgresql_account
  wanted=${E_WORDS[index]}
  find_postgresql_version
  if [[ $PG_VERSION != "$wanted" ]]; then
    enabled_stream postgresql
    if [[ -n $REPLY ]]; then streams=", module stream postgresql:$REPLY"; fi
    streams="the host has PostgreSQL ${PG_VERSION:-of an unknown version} ($PG_BINARIES/postgres$streams)"
    [[ $PG_VERSION =~ $POSTGRESQL_VERSIONS ]] \
      || fail "$streams, and this program supports 9.2 to 9.6 and 10 to 18: dump the data, install PostgreSQL $wanted by hand and load the data again, or use another server (PostgresDatabase.external.host)"
    fail "$streams, and PostgresDatabase.version is $wanted: set PostgresDatabase.version to $PG_VERSION; or, to move to $wanted, dump all data (pg_dumpall), stop the service $PG_SERVICE, move $PG_DATA away, install that version by hand (with module streams: dnf module reset postgresql; dnf module enable postgresql:$wanted; dnf distro-sync 'postgresql*'), create and start a cluster (postgresql-setup --initdb; service $PG_SERVICE start), load the data into it and run this again"
  fi
  has_postgresql_data || return 0
  REPLY=$(as_postgres cat -- "$ROOT$PG_DATA/PG_VERSION" 2>/dev/null </dev/null)
  [[ $REPLY == "$wanted" ]] \
    || fail "the data in $PG_DATA are of PostgreSQL ${REPLY:-(unknown version)}, and the installed server is $wanted: convert them with pg_upgrade or postgresql-setup --upgrade, or give the service another data directory (PGDATA)"
}

check_postgresql_account() {
  known_account passwd postgres || fail 'this host has no user postgres, as whom PostgreSQL runs: install the package postgresql-server, or create the account (useradd -r postgres)'
}

converge_postgresql_server() { # INDEX
  local former_service=$PG_SERVICE
  check_postgresql_version
  if [[ -z $PG_BINARIES ]]; then
    attribute "$1" binaries auto
    if [[ $REPLY == auto ]]; then
      fail "found no PostgreSQL server in the directory that the service $former_service declares, in /usr/bin or in /usr/local/pgsql/bin: set PostgresDatabase.binaries to the directory that has postgres and psql"
    fi
    fail "$REPLY has no program postgres: set PostgresDatabase.binaries to the directory that has it, or leave it out to search the usual directories"
  fi
  [[ -x $ROOT$PG_BINARIES/psql ]] || fail "$PG_BINARIES has no psql: install PostgreSQL's client programs there"
  has_postgresql_data || initialise_postgresql
  remember_postgresql
  converge_thing "service $PG_SERVICE" 'enabled running'
  wait_for_postgresql
  converge_thing 'postgresql-setting password_encryption' "$(encryption_setting)"
}

# Creates a cluster in an empty directory. The distribution's postgresql-setup does the same, but in a login
# shell with a locale that we can't choose.
initialise_postgresql() {
  local content
  content=$(as_postgres find "$ROOT$PG_DATA/" -mindepth 1 -maxdepth 1 ! -name lost+found 2>/dev/null </dev/null)
  if [[ -n $content ]]; then
    fail "$PG_DATA is not empty, but is not a data directory of PostgreSQL (it has no PG_VERSION), so it is not initialised: move its content away, or give the service another data directory (PGDATA)"
  fi
  write_file "$POSTGRESQL_UNFINISHED" "$PG_DATA"$'\n'
  postgresql_locale
  # After the reason it prints what it removes again.
  OUTPUT=$(as_postgres "$ROOT$PG_BINARIES/initdb" --pgdata="$ROOT$PG_DATA" --auth=ident --encoding=UTF8 \
    --locale="$REPLY" 2>&1 >/dev/null </dev/null) \
    || fail "can't initialise PostgreSQL's data directory $PG_DATA, which must be an empty directory of postgres (install -d -o postgres -g postgres -m 0700 $PG_DATA): $(sed '/^initdb: removing/d' <<<"$OUTPUT")"
  changed "initialised PostgreSQL's data directory $PG_DATA"
}

# Is the cluster in the data directory one of ours that has yet to be set up?
is_unfinished_cluster() {
  [[ $(cat -- "$POSTGRESQL_UNFINISHED" 2>/dev/null) == "$PG_DATA" ]]
}

# Leaves the locale of a new cluster in REPLY: the system's own if that is UTF-8 and installed. With our locale,
# C without an encoding, the server would accept any bytes as text (SQL_ASCII).
postgresql_locale() {
  local file system=''
  for file in "$ROOT"/etc/locale.conf "$ROOT"/etc/sysconfig/i18n; do
    [[ -n $system || ! -r $file ]] || system=$(sed -n 's/^LANG="\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' "$file")
  done
  if [[ $system == *[Uu][Tt][Ff]* ]] && attempt locale -a && grep -qix -- "${system//-/}" <<<"${OUTPUT//-/}"; then
    REPLY=$system
  else
    utf8_locale || REPLY=C
  fi
}

wait_for_postgresql() {
  local deadline=$((SECONDS + PROOF_WAIT))
  until psql_run <<<'SELECT 1;'; do
    if [[ $OUTPUT == *'no password supplied'* ]] || ((SECONDS >= deadline)); then check_postgresql_login; fi
    sleep 0.2
  done
}

# Matches messages of psql itself; the server's are in the server's language.
check_postgresql_login() {
  ! psql_run <<<'SELECT 1;' || return 0
  case $OUTPUT in
    *'could not connect'* | *'No such file'* | *'Connection refused'*)
      fail "the service $PG_SERVICE runs, but its server does not answer on the local socket of port $PG_PORT: set PostgresDatabase.port to the port in its postgresql.conf (${OUTPUT%%$'\n'*})"
      ;;
  esac
  fail "PostgreSQL refuses the system user postgres on its local socket, which this program needs: put the line \"local all postgres peer\" above the line of $PG_DATA/pg_hba.conf that refuses it, reload the service $PG_SERVICE and run this again. Other logins as postgres still work over 127.0.0.1 (${OUTPUT%%$'\n'*})"
}

# Servers before 10 know md5 only, which they call "on".
encryption_setting() {
  if postgresql_is_before 10; then printf 'on'; else printf '%s' "$PG_ENCRYPTION"; fi
}

make_postgresql_setting() { # STATE NAME
  recall_postgresql
  [[ $PG_VERSION != 9.[23] ]] \
    || fail "PostgreSQL $PG_VERSION has no ALTER SYSTEM (9.4 and newer have it): write $2 = $1 into $PG_DATA/postgresql.conf, reload the service $PG_SERVICE and run this again"
  psql_must "can't set $2" "ALTER SYSTEM SET $2 = '$1'; SELECT pg_reload_conf();"
  local deadline=$((SECONDS + PROOF_WAIT))
  until thing_is "postgresql-setting $2" "$1"; do
    ((SECONDS < deadline)) || return 0
    sleep 0.1
  done
}

# --- State of the server: all of it in one query ----------------------------------------------------------

PG_SNAPSHOT='' # kept for a whole probe; an apply asks again each time

# Lines `setting NAME VALUE`, `role NAME STATE`, `password NAME DIGEST`, `database NAME OWNER`; false when
# the server can't be asked.
postgresql_snapshot() {
  [[ $VERB != probe || -z $PG_SNAPSHOT ]] || return 0
  recall_postgresql || return 1
  postgresql_ask
}

# From 14 on md5() fails in FIPS mode; before 11 there is no other function.
postgresql_ask() {
  local digest="encode(sha256(convert_to(rolpassword, 'UTF8')), 'hex')"
  ! postgresql_is_before 11 || digest='md5(rolpassword)'
  psql_run <<SQL || return 1
SELECT 'setting password_encryption ' || current_setting('password_encryption');
SELECT 'role ' || rolname || ' login=' || rolcanlogin || ' createdb=' || rolcreatedb
  || ' createrole=' || rolcreaterole || ' superuser=' || rolsuper
  || ' discreet=' || (coalesce(rolconfig, '{}') @> '{log_statement=none,log_min_error_statement=panic,log_min_duration_statement=-1,search_path=pg_catalog}')
  FROM pg_roles
  WHERE rolname ~ '^[A-Za-z0-9_-]+\$';
SELECT 'password ' || rolname || ' ' || $digest FROM pg_authid
  WHERE rolpassword IS NOT NULL AND rolname ~ '^[A-Za-z0-9_-]+\$';
SELECT 'database ' || datname || ' ' || pg_get_userbyid(datdba) FROM pg_database
  WHERE NOT datistemplate AND datname ~ '^[A-Za-z0-9_-]+\$';
SQL
  PG_SNAPSHOT=$OUTPUT
}

# Leaves what follows "KIND NAME " in the server's answer; `unreachable` when it can't be asked.
postgresql_state() { # KIND NAME
  local line
  REPLY=unreachable
  postgresql_snapshot || return 0
  REPLY=none
  while IFS= read -r line; do
    if [[ $line == "$1 $2 "* ]]; then REPLY=${line#"$1 $2 "}; fi
  done <<<"$PG_SNAPSHOT"
}

state_postgresql_setting() { postgresql_state setting "$1"; }
state_postgresql_database() { postgresql_state database "$1"; }

# --- The subsystem ---------------------------------------------------------------------------------------

converge_postgresql() {
  local index
  postgresql_entry
  if [[ -n $REPLY ]]; then
    converge_postgresql_server "$REPLY"
    converge_postgresql_access
    rm -f -- "$POSTGRESQL_UNFINISHED"
  fi
  for index in ${E_KIND[@]+"${!E_KIND[@]}"}; do
    case ${E_KIND[index]} in
      postgresql-role) converge_postgresql_role "$index" ;;
      postgresql-adoption) converge_postgresql_adoption "$index" ;;
      postgresql-database) converge_postgresql_database "$index" ;;
    esac
  done
}

# Nothing of a database is removed: what the manifest no longer names stays, and has no owner from now on.
retain_postgresql() {
  local key
  for key in ${OWNERS[@]+"${!OWNERS[@]}"}; do
    case $key in
      'service '* | 'postgresql-'*)
        if is_ours "$key"; then NAMED_THINGS[$key]=retained; fi
        ;;
    esac
  done
}

disown_retained_postgresql() {
  local key
  for key in ${NAMED_THINGS[@]+"${!NAMED_THINGS[@]}"}; do
    [[ ${NAMED_THINGS[$key]} == retained ]] || continue
    disown_key "$key"
    case $key in
      'service '*) note "the $key keeps running, and its data stay" ;;
      'postgresql-access '*) note "PostgreSQL's pg_hba.conf keeps its lines" ;;
      'postgresql-role '* | 'postgresql-database '*) note "PostgreSQL's ${key#postgresql-} stays" ;;
    esac
  done
}
