
# --- Verbs ------------------------------------------------------------------------------------------

TRANSACTION='' # names what this run stages and keeps
SAME_MANIFEST=no # is it the manifest that was applied last?
KIND_OF_CHANGE=intended

# Leaves the locks that a run needs: its subsystem's, and those of other parts of the host that it changes, or
# restores because its last manifest named them.
needed_locks() {
  local kind file=$STATE/resources/$SCOPE/$RESOURCE/manifest locks="$SUBSYSTEM"
  for kind in ${E_KIND[@]+"${E_KIND[@]}"}; do
    lock_of_kind "$kind"
    locks+=" $REPLY"
  done
  if [[ -e $file ]]; then
    while read -r kind _; do
      # Packages are never removed.
      [[ $kind != package && $kind != module ]] || continue
      lock_of_kind "$kind"
      locks+=" $REPLY"
    done <"$file"
  fi
  # Each of them makes uWSGI load the application again: one at a time, and only after a killed deployment is undone.
  case $SUBSYSTEM in
    application | settings | uwsgi) locks+=' application uwsgi' ;;
  esac
  REPLY=$locks
}

# The lock of the part of the host that a kind of entry changes, or nothing.
lock_of_kind() { # KIND
  REPLY=''
  case $1 in
    package | module) REPLY=packages ;;
    user | password) REPLY=users ;;
    # During a load, no run may migrate or remove the release; and what a killed deployment left is undone first,
    # which reloads uWSGI.
    data-load) REPLY='application uwsgi' ;;
    # Resources of several subsystems share them: whether one is the last owner must not change meanwhile.
    selinux-*)
      selinux_enabled || return 0
      REPLY=selinux
      # It may have to be installed.
      have semanage || REPLY+=' packages'
      ;;
  esac
}

begin_transaction() { # LOCK...
  local subsystem
  check_mounts
  take_locks "$@"
  for subsystem in "$@"; do
    recover_subsystem "$subsystem"
  done
  load_records
  TRANSACTION=$(date -u +%Y%m%dT%H%M%SZ)-$$
  begin_journal "$SUBSYSTEM"
  open_work "$SUBSYSTEM"
}

apply() { # NAME [--repair N] [--timeout SECONDS]
  local repair='' digest directory usage='usage: apply NAME [--repair N] [--timeout SECONDS] <MANIFEST'
  (($# > 0)) || fail "$usage"
  RESOURCE=$1
  shift
  while (($# > 0)); do
    [[ ${2-} =~ ^[0-9]+$ ]] || fail "$usage"
    case $1 in
      --repair) repair=$2 ;;
      --timeout) ;; # limit_run has used it
      *) fail "$usage" ;;
    esac
    shift 2
  done
  check_name "$RESOURCE"
  read_manifest
  parse_manifest
  refuse_without_systemd
  [[ $SUBSYSTEM != pip ]] || await_packages
  needed_locks
  # shellcheck disable=SC2086 # a list of words
  begin_transaction $REPLY

  directory=$STATE/resources/$SCOPE/$RESOURCE
  manifest_digest
  digest=$REPLY
  if [[ -e $directory/digest && $(cat "$directory/digest") == "$digest" ]]; then
    SAME_MANIFEST=yes
    KIND_OF_CHANGE=corrective
  fi
  if [[ -z $repair && -e $directory/repair ]]; then read -r repair <"$directory/repair"; fi
  converge
  remember "$digest" "${repair:-0}"
  [[ $SUBSYSTEM != application ]] || mark_release
  commit "applied $RESOURCE"
}

# Sets the state of everything that the manifest names, and restores what it no longer names.
converge() {
  [[ $SUBSYSTEM != postgresql ]] || check_postgresql_version
  # Repositories and proxies are paths in the manifest of the packages: there, paths come first.
  if [[ $SUBSYSTEM != packages ]]; then
    converge_modules
    converge_packages
  fi
  converge_pip_packages
  converge_accounts
  case $SUBSYSTEM in
    source) converge_source ;;
    settings) converge_secret_key ;;
    application) resolve_application ;;
  esac
  prepare_candidates
  converge_selinux
  plan_paths
  converge_settings
  stage_changes
  validate_sudoers
  [[ $SUBSYSTEM != nginx ]] || validate_nginx
  [[ $SUBSYSTEM != logrotate ]] || validate_logrotate
  if [[ $SUBSYSTEM == uwsgi ]]; then
    prepare_uwsgi
    # The swap may remove its unit.
    release_services
    note_running_uwsgi
    [[ $UWSGI_ACTION == nothing ]] || step uwsgi
  fi
  announce_units
  case $SUBSYSTEM in
    application) prepare_release ;;
    settings) prove_settings ;;
  esac
  case $SUBSYSTEM in
    application | uwsgi)
      plan_uwsgi_exchange
      stop_exchanged_uwsgi
      ;;
  esac
  swap_changes
  read_units
  if [[ $SUBSYSTEM == packages ]]; then
    converge_modules
    converge_packages
  fi
  put_in_force
  [[ -z $UNPROVEN_SETTINGS ]] || fail "$UNPROVEN_SETTINGS"
  converge_data_loads
  converge_firewall
  release_things setting selinux-boolean selinux-context selinux-port firewall-port password member user
}

converge_accounts() {
  local index
  for index in ${E_KIND[@]+"${!E_KIND[@]}"}; do
    case ${E_KIND[index]} in
      user) converge_user "$index" ;;
      password) converge_password "$index" ;;
    esac
  done
}

converge_settings() {
  local index
  for index in ${E_KIND[@]+"${!E_KIND[@]}"}; do
    [[ ${E_KIND[index]} != setting ]] || converge_setting "$index"
  done
}

# Makes services use the new files, and checks that they do.
put_in_force() {
  local changes=no
  if [[ $SUBSYSTEM == uwsgi ]]; then
    mark_uwsgi_log
    put_uwsgi_in_force
  fi
  prove_sudoers
  exchange_uwsgi "${RELEASE##*/}"
  if [[ $SUBSYSTEM == nginx ]] && nginx_tree_changes; then changes=yes; fi
  [[ $SUBSYSTEM != postgresql ]] || retain_postgresql
  case $SUBSYSTEM in
    application | settings)
      reload_application
      prove_static_file
      ;;
  esac
  release_services
  # If nginx was stopped before us, restoring the package's nginx.conf needs no reload.
  if [[ $changes == yes && $STOPPED_SERVICES != *' nginx '* ]] && have nginx; then reload_nginx; fi
  converge_services
  if [[ $SUBSYSTEM == postgresql ]]; then
    converge_postgresql
    disown_retained_postgresql
  fi
  if [[ $SUBSYSTEM == uwsgi && $UWSGI_RAN == no && -n ${NAMED_THINGS['service uwsgi']-} ]]; then prove_started_uwsgi; fi
  if [[ $SUBSYSTEM == nginx && -n ${NAMED_THINGS['service nginx']-} ]]; then
    [[ $changes == yes ]] || mark_error_logs
    prove_running_nginx
  fi
}

# Writes what the next run and the probe need to know about the resource.
remember() { # DIGEST REPAIR
  local directory=$JOURNAL/state line text=''
  note_mounts
  must "can't write the state" mkdir -- "$directory"
  masked_manifest
  printf '%s' "$REPLY" >"$directory/manifest"
  for line in ${FACTS[@]+"${FACTS[@]}"}; do
    text+=$line$'\n'
  done
  printf '%s' "$text" >"$directory/facts"
  # This resource is never deleted: its record stays, and needs no login.
  [[ $SUBSYSTEM != data-migration ]] || : >"$directory/no-remove"
  [[ $IN_FORCE == yes ]] || : >"$directory/waits-for-deployment"
  printf '%s\n' "$1" >"$directory/digest"
  printf '%s\n' "$2" >"$directory/repair"
  printf '%s\n' "${VIA:-unknown}" >"$directory/via" || fail "can't write the state: is the file system full?"
}

# Ends a run that succeeded: writes records and audit log, prints the changes.
commit() { # WHAT
  local count=${#CHANGES[@]} line
  journal_changes ${CHANGES[@]+"${CHANGES[@]}"}
  commit_journal
  # What is removed here can't be restored, so the run must be past its point of no return.
  [[ $SUBSYSTEM != application ]] || prune_application
  journal_changes ${CHANGES[@]+"${CHANGES[@]:count}"}
  count=${#CHANGES[@]}
  finish_journal
  ((count == 0)) || printf '%s\n' "${CHANGES[@]}"
  for line in ${NOTES[@]+"${NOTES[@]}"}; do
    printf '%s\n' "$line"
  done
  case $count in
    0) printf '%s: unchanged\n' "$1" ;;
    1) printf '%s: 1 change\n' "$1" ;;
    *) printf '%s: %s changes\n' "$1" "$count" ;;
  esac
}

# Restores everything that the resource still owns.
remove() { # NAME [--timeout SECONDS]
  local directory key
  RESOURCE=${1-}
  [[ $# -eq 1 || ($# -eq 3 && $2 == --timeout && $3 =~ ^[0-9]+$) ]] \
    || fail 'usage: remove NAME [--timeout SECONDS]'
  check_name "$RESOURCE"
  cat >/dev/null
  exec </dev/null
  directory=$STATE/resources/$SCOPE/$RESOURCE
  if [[ -e $directory/manifest ]]; then
    SUBSYSTEM=$(sed -n '/^subsystem /{s///p;q;}' "$directory/manifest")
  fi
  [[ -n $SUBSYSTEM ]] || SUBSYSTEM=none
  needed_locks
  # shellcheck disable=SC2086 # a list of words
  begin_transaction $REPLY
  converge
  : >"$JOURNAL/removed" || fail "can't write the journal: is the file system full?"
  commit "removed $RESOURCE"
}

version() {
  local digest=unknown
  if [[ -f $0 ]]; then
    digest=$(sha256sum -- "$0")
    digest=${digest%% *}
  fi
  printf 'script %s\nmanifest %s\n' "$digest" "$MANIFEST_VERSION"
}

check_name() { # NAME
  [[ $1 =~ $NAME_PATTERN ]] || fail "resource \"$1\": a name may have only letters, digits and . _ -"
}
