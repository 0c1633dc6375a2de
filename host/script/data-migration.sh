
# --- Data migration: an old site's dump, loaded once ----------------------------------------------------
#
# A marker in the database says whether it was loaded, never a record of ours: a record could
# be lost, or stay when an older database is restored. So there is nothing to undo here either: the
# loader works in one transaction.

readonly NO_DUMP=3 # the loader's exit code when it needs the dump and has none

# Writes the Python programs that import each other to a directory that every user can read, and only root can
# write. Leaves it in REPLY.
install_programs() { # NAME
  local run name
  runtime_directory
  run=$REPLY
  attempt mktemp -d "$run/$1.XXXXXX" || fail "can't make a directory in ${run#"$ROOT"}: $OUTPUT"
  run=$OUTPUT
  for name in backup copy_ends copy_in copy_migrations copy_out copy_scrub dump_dangling dump_faults dump_marker dump_policy dump_rows dump_stream load_dump; do
    "python_$name" >"$run/$name.py" || fail "can't write a program: is ${run#"$ROOT"} full?"
  done
  must "can't make the programs readable" chmod -R u=rwX,go=rX -- "$run"
  REPLY=$run
}

runtime_directory() {
  REPLY=$ROOT/run
  [[ -d $REPLY ]] || REPLY=$ROOT/var/run
}

# An existing loader is of a killed run: this run has the lock.
install_loader() {
  runtime_directory
  rm -rf -- "$REPLY"/tracks-loader.??????
  install_programs tracks-loader
  LOADER=$REPLY
}

# Creates a directory for backups that only the user can read; an existing one must be like that already.
prepare_backups() { # DIRECTORY USER
  if [[ ! -e $ROOT$1 && ! -L $ROOT$1 ]]; then
    existing_ancestor "$1"
    resolve_directory "$REPLY"
    [[ -z $WRITER ]] || fail "the directory for backups $1 does not exist, and root creates nothing where $WRITER can write. As $2, run: mkdir -p -m 0700 $1"
    must "can't make ${1%/*}" openly mkdir -p -- "$ROOT${1%/*}"
    must "can't make $1" install -d -m 0700 -o "$2" -- "$ROOT$1"
  fi
  [[ ! -L $ROOT$1 && $(stat -c '%F %U %a' -- "$ROOT$1") == "directory $2 700" ]] \
    || fail "$1 must be a directory of $2 with mode 0700, since backups have all data in them. As root, run: chown $2 $1; chmod 0700 $1"
}

converge_data_loads() {
  local index
  for index in ${E_KIND[@]+"${!E_KIND[@]}"}; do
    [[ ${E_KIND[index]} != data-load ]] || load_data "$index"
  done
}

load_data() { # INDEX
  local index=$1 name=${E_WORDS[$1]} user release python backups words=() line kind dump missing='' production login
  attribute "$index" user ''; user=$REPLY
  attribute "$index" python ''; python=$REPLY
  attribute "$index" backups ''; backups=$REPLY
  attribute "$index" release ''; release=$REPLY
  [[ -d $ROOT$release ]] || fail "there is no release in $release: deploy it before you load its data"
  [[ -x $ROOT$python ]] || fail "there is no Python at $python: deploy the release with its virtualenv first"
  # The link may be moved while the loader runs.
  release=$(readlink -e -- "$ROOT$release") || fail "the release to which $release leads does not exist any more: run pulumi up again, which deploys it"
  prepare_backups "$backups" "$user"

  attribute "$index" digest ''
  words=(--name "$name" --digest "$REPLY" --backups "$ROOT$backups")
  for kind in confirm client settings; do
    attribute "$index" "$kind" ''
    [[ -z $REPLY ]] || words+=("--$kind" "$REPLY")
  done
  while read -r kind line; do
    case $kind in
      rename) words+=(--rename "${line% *}=${line#* }") ;;
      skip) words+=(--skip "$line") ;;
    esac
  done <<<"${E_CONTENT[index]}"
  attribute "$index" production no
  production=$REPLY
  uwsgi_ini
  service_environment "${REPLY:+$ROOT$REPLY}" "$production"

  install_loader
  # In a subshell, which may fail: a dump that was loaded before need not be there.
  attribute "$index" login ''; login=$REPLY
  if dump=$(spooled_dump "$index" 2>&1); then
    words+=(--dump)
  else
    missing=$dump
    dump=''
  fi
  # The loader gets the dump on stdin: no other user can open the file.
  run_loader "$user" "${release#"$ROOT"}" "$ROOT$python" "$LOADER/load_dump.py" "${words[@]}" \
    < <([[ -z $dump ]] || print_as "$login" "$dump")
  rm -rf -- "$LOADER"
  take_report "$missing"
  [[ -z $dump ]] || drop_spooled "$login" "$dump"
}

# Prints the path of the dump in the spool, or fails with the reason.
spooled_dump() { # INDEX
  local path login digest
  attribute "$1" dump ''; path=$REPLY
  attribute "$1" login ''; login=$REPLY
  attribute "$1" digest ''; digest=$REPLY
  take_spooled "$path" "$login" "$digest" 'the dump of the old site'
  printf '%s\n' "$REPLY"
}

LOADER=''
LOADER_STATUS=0

# stderr is a pipe too: the program runs as its user, and must not get the open file, which is root's.
run_loader() { # USER DIRECTORY COMMAND...
  OUTPUT=$(
    exec 3>&1
    as_user "$@" 2>&1 >&3 | cat >"$JOURNAL/loader-errors"
    exit "${PIPESTATUS[0]}"
  )
  LOADER_STATUS=$?
}

# Reports what the loader printed; fails when it failed.
take_report() { # WHY-THE-DUMP-IS-NOT-THERE
  local kind text backup='' reason
  while read -r kind text; do
    case $kind in
      backup) backup=$text ;;
      loaded) ((LOADER_STATUS != 0)) || changed "loaded $text" ;;
      note) ((LOADER_STATUS != 0)) || note "$text" ;;
    esac
  done <<<"$OUTPUT"
  backup=${backup#"$ROOT"}
  if ((LOADER_STATUS == 0)); then
    [[ -z $backup ]] || note "backup before the load: $backup"
    return 0
  fi
  if ((LOADER_STATUS == NO_DUMP)); then
    # While the resource counts as applied, the program does not copy the dump again.
    rm -rf -- "$STATE/resources/$SCOPE/$RESOURCE"
    fail "${1:-the loader got no dump: run pulumi up again}"
  fi
  reason=$(grep -v '^$' -- "$JOURNAL/loader-errors" | tail -n 1)
  fail "${reason:-the loader ended with status $LOADER_STATUS and without a message: nothing was loaded}${backup:+; the backup from before is $backup}"
}
