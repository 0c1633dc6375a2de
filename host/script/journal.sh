
# --- Journal: what an interrupted run had done, so that the next one undoes or finishes it ------------
#
# A step is on the disk before it is taken, with what is needed to undo it, since its effect may survive a power
# cut. Undoing a step that was not taken does no harm. A run is committed once its `outcome` is there, whole:
# before that it is undone, after that it is finished. Both may be repeated.

JOURNAL='' # directory of the journal of this run, or of the one being recovered

begin_journal() { # SUBSYSTEM
  JOURNAL=$STATE/journal/$1
  must "can't make the journal" mkdir -- "$JOURNAL"
  printf '%s/%s\n' "$SCOPE" "$RESOURCE" >"$JOURNAL/resource"
  cat /proc/sys/kernel/random/boot_id >"$JOURNAL/boot"
}

# Was the host started after this run?
is_of_earlier_boot() {
  [[ -s $JOURNAL/boot && $(cat -- "$JOURNAL/boot") != "$(cat /proc/sys/kernel/random/boot_id)" ]]
}

step() { # KIND FIELD...
  # Services that an administrator starts or stops: nothing of that is to be undone.
  [[ -n $JOURNAL ]] || return 0
  announce_step "$@"
  must "can't flush the journal to the disk" sync -- "$JOURNAL/resource" "$JOURNAL/steps"
}

# Writes a step without waiting for the disk: the caller waits once for many steps.
announce_step() { # KIND FIELD...
  local IFS=$TAB
  printf '%s\n' "$*" >>"$JOURNAL/steps" || fail "can't write the journal $JOURNAL: is the file system full?"
}

# Writes which store has candidates and kept files of this run: without its file system nothing can be undone.
journal_store() { # STORE
  [[ $1 == "$STATE" ]] || printf '%s\n' "$1" >>"$JOURNAL/stores" \
    || fail "can't write the journal $JOURNAL: is the file system full?"
}

# Fails when a file system that the interrupted run changed is not mounted: on its bare mount point, each swap
# would look as if it had not been made.
check_journal_stores() { # JOURNAL RESOURCE
  local store mount
  while IFS= read -r store; do
    is_store "$store" && continue
    mount=${store#"$ROOT"}
    mount=${mount%/.tracks}
    fail "the file system of ${mount:-/} is not mounted: it had the directory ${store#"$ROOT"}, and files that the interrupted run of $2 changed, which must be undone or finished first. Nothing was touched. Mount it, as root: mount ${mount:-/}. Then run: $0 recover. If it is lost for good, with everything on it, run as root: rm $1/stores"
  done < <(cat -- "$1/stores" 2>/dev/null)
}

# Waits until everything that was written so far is on the disk: after a power cut a rename may be there
# without the content of its file. Older versions of sync can't sync one file system.
settle() {
  local stores=()
  while IFS= read -r REPLY; do
    [[ ! -d $REPLY ]] || stores+=("$REPLY")
  done < <(cat -- "$STATE/stores" 2>/dev/null)
  attempt sync -f "$STATE" ${stores[@]+"${stores[@]}"} || must "can't flush to the disk what was written" sync
}

# A run that repeats the last one, and took no step, need not wait for the disk.
settle_run() {
  [[ ! -s $JOURNAL/steps && $SAME_MANIFEST == yes ]] || settle
}

# The point of no return: from here on, what this run did stays.
commit_journal() {
  local line text=''
  # The last line tells an outcome without records from one that a power cut left empty.
  for line in ${OUTCOME[@]+"${OUTCOME[@]}"} 'end'; do
    text+=$line$'\n'
  done
  printf '%s' "$text" >"$JOURNAL/outcome.new" || fail "can't write the journal $JOURNAL: is the file system full?"
  settle_run
  must "can't write the journal $JOURNAL" mv -f -- "$JOURNAL/outcome.new" "$JOURNAL/outcome"
  settle_run
}

# Writes the lines of the audit log, which is written when the run is finished, be it by another one.
journal_changes() { # CHANGE...
  (($# == 0)) || audit_lines "$KIND_OF_CHANGE" "$@" >>"$JOURNAL/audit" \
    || fail "can't write the journal $JOURNAL: is the file system full?"
}

# Writes what a committed run decided to the records, to the resource's state and to the audit log.
finish_journal() {
  local resource
  read -r resource <"$JOURNAL/resource"
  with_records_locked merge_outcome "$JOURNAL/outcome"
  if [[ -d $JOURNAL/state ]]; then
    keep_state "$resource"
  elif [[ -e $JOURNAL/removed ]]; then
    must "can't drop the state of $resource" rm -rf -- "$STATE/resources/$resource"
  fi
  [[ ! -s $JOURNAL/audit ]] || with_records_locked audit_once "$JOURNAL/audit"
  discard_kept
  close_journal
}

# A file that stays the same keeps its time, by which a plan sees that nothing was changed (probe.sh).
keep_state() { # RESOURCE
  local file target differing=()
  must "can't write the state of $1" mkdir -p -- "$STATE/resources/$1"
  for file in "$JOURNAL/state/"*; do
    target=$STATE/resources/$1/${file##*/}
    [[ ! -e $target || $(cat -- "$file") != "$(cat -- "$target")" ]] || continue
    must "can't write the state of $1" cp -f -- "$file" "$target.new"
    differing+=("$target")
  done
  replace_files ${differing[@]+"${differing[@]}"}
}

# Removes what was only kept to undo this run; what the records name, or a person edited, stays.
discard_kept() {
  local kept
  [[ -e $JOURNAL/discard ]] || return 0
  while read -r kept; do
    [[ $kept == */kept/?* ]] && rm -rf -- "$kept"
  done <"$JOURNAL/discard"
}

# Removes the candidates first: as long as there is a journal, the next run would remove them.
close_journal() {
  clear_candidates "${JOURNAL##*/}"
  settle_run
  must "can't close the journal" rm -rf -- "$JOURNAL"
  JOURNAL=''
}

# Undoes the steps of the journal, last one first. Each runs in a subshell, so that all others are undone even
# when one can't be.
undo_journal() {
  local steps=() line index status=0 reload=unknown application=unknown action='' exchange='' swapped=no
  cd /
  if [[ -e $JOURNAL/steps ]]; then
    while IFS= read -r line; do
      steps+=("$line")
    done <"$JOURNAL/steps"
  fi
  settle_settings ${steps[@]+"${steps[@]}"}
  for ((index = ${#steps[@]} - 1; index >= 0; index--)); do
    case ${steps[index]} in
      reload-uwsgi* | restart-uwsgi* | renew-uwsgi*)
        if [[ $application == unknown ]]; then
          application=${steps[index]#*-uwsgi"$TAB"}
          action=${steps[index]%%-*}
        fi
        ;;
      exchange-uwsgi*) exchange=${steps[index]#exchange-uwsgi"$TAB"} ;;
      # The last step about a reload counts: after a refused one the old configuration is still in force.
      reload-refused*) [[ $reload != unknown ]] || reload=no ;;
      reload*) [[ $reload != unknown ]] || reload=yes ;;
      *)
        [[ ${steps[index]} != swap"$TAB"* ]] || swapped=yes
        (undo_step "${steps[index]}") || status=1
        ;;
    esac
  done
  # A service that was started since has loaded what was swapped in, although this run did not get so far as to
  # reload it.
  if [[ $swapped == yes && $SETTINGS_STAY == no ]] && is_of_earlier_boot; then
    case ${JOURNAL##*/} in
      nginx) if (is_loaded nginx); then reload=yes; fi ;;
      application | settings | uwsgi)
        if [[ $application == unknown && -z $exchange ]] && (is_loaded uwsgi); then application='' action=restart; fi
        ;;
    esac
  fi
  if [[ $reload == yes ]]; then
    (reload_nginx_back) || status=1
  fi
  if [[ $application != unknown ]]; then
    (renew_uwsgi_back "$action" "$application") || status=1
  fi
  if [[ -n $exchange ]]; then
    # shellcheck disable=SC2086 # words without spaces
    (undo_uwsgi_exchange $exchange) || status=1
  fi
  # The journal stays until what was undone is on the disk.
  if ((status == 0 && ${#steps[@]} > 0)); then
    (settle) || status=1
  fi
  if ((status == 0)); then
    clear_candidates "${JOURNAL##*/}"
    rm -rf -- "$JOURNAL"
  fi
  JOURNAL=''
  return "$status"
}

# Does a service run, or has it failed to start?
is_loaded() { # nginx|uwsgi
  "$1_master"
  [[ -n $REPLY ]] || service_is_meant_to_run "$1"
}

undo_step() { # LINE
  local fields=() IFS=$TAB
  read -r -a fields <<<"$1"
  IFS=$' \t\n'
  case ${fields[0]} in
    swap)
      if [[ $SETTINGS_STAY == yes ]]; then
        discard_replaced "${fields[2]}"
      else
        undo_swap "${fields[@]:1}"
      fi
      ;;
    metadata) undo_metadata "${fields[@]:1}" ;;
    rmdir) undo_rmdir "${fields[@]:1}" ;;
    copy) rm -f -- "${fields[1]}" "${fields[1]}.link" ;;
    units) undo_units ;;
    uwsgi) undo_uwsgi ;;
    thing) undo_thing "${fields[1]}" "${fields[2]}" ;;
    *) fail "the journal $JOURNAL has a step that this version does not know: ${fields[0]}. Run recover with the version that wrote it" ;;
  esac
}

# Undoes or finishes what an interrupted run left in this subsystem; the caller holds its lock.
recover_subsystem() { # SUBSYSTEM
  local resource='' journal=$STATE/journal/$1 owner
  [[ -d $journal ]] || return 0
  read -r resource 2>/dev/null <"$journal/resource"
  check_journal_stores "$journal" "${resource:-an unknown resource}"
  # Another program may have left it: its own application can log in with its settings, and reload.
  owner=${resource:-$SCOPE/$RESOURCE}
  local SCOPE=${owner%%/*} RESOURCE=${owner#*/}
  JOURNAL=$journal
  if [[ -s $JOURNAL/outcome && -n $resource ]]; then
    finish_journal
    note "finished the interrupted run of ${resource:-an unknown resource}"
  elif undo_journal; then
    note "undid the interrupted run of ${resource:-an unknown resource}"
  else
    fail "the interrupted run of ${resource:-an unknown resource} can't be undone: fix what is reported above, then run: $0 recover"
  fi
}
