
# --- Settings: the database must let the application in with them -----------------------------------------
#
# A role gets another password before the settings that name it: from then on the former settings open
# nothing. So new ones are tried before they take their place, and of two the one that works is left there.

# Asks the database with a settings file. Status 0: it lets the application in (OUTPUT is `empty` where there
# are no tables); 1: it doesn't, REPLY says why; 2: nothing is deployed here that could ask, or there is no
# PostgreSQL.
ask_database() { # SETTINGS [CA CA-FILE]
  local line word owner='' current='' link='' virtualenv='' status
  deployed_application_manifest
  while IFS= read -r line; do
    case $line in
      'symlink '*' -> @@VIRTUALENV@@')
        virtualenv=${line#symlink }
        virtualenv=${virtualenv% -> *}
        ;;
      'application '*)
        for word in $line; do
          case $word in
            owner=*) owner=${word#*=} ;;
            current=*) current=${word#*=} ;;
            settings=*) link=${word#*=} ;;
          esac
        done
        ;;
    esac
  done <<<"$REPLY"
  OUTPUT=''
  [[ -n $owner && -n $link && -x $ROOT$virtualenv/bin/python ]] || return 2
  current=$(readlink -e -- "$ROOT$current") || return 2
  AS_ENVIRONMENT=()
  exec 9<"$1" 8<"${2:-/dev/null}" || return 2
  OUTPUT=$(python_database_login | as_user "$owner" "${current#"$ROOT"}" "$ROOT$virtualenv/bin/python" - "$link" ${3+"$3"} 2>&1)
  status=$?
  exec 9<&- 8<&-
  case $status in
    0) return 0 ;;
    4) last_lines 1 "$OUTPUT" ;;
    *) return 2 ;;
  esac
  return 1
}

# Leaves the manifest of the application that this scope has deployed, or nothing.
deployed_application_manifest() {
  local file
  REPLY=''
  for file in "$STATE/resources/$SCOPE"/*/manifest; do
    if grep -q '^application ' -- "$file" 2>/dev/null; then REPLY=$(cat -- "$file"); fi
  done
}

EMPTY_DATABASE=no # do the new settings name a database that has yet to get its tables?

# Before the swap: settings with which nobody is let in never take the place of others.
prove_settings() {
  local index settings='' ca=()
  for index in ${C_PATH[@]+"${!C_PATH[@]}"}; do
    [[ ${C_WANT[index]} == file* ]] || continue
    case ${C_PATH[index]} in
      */local.py) settings=${C_STAGED[index]} ;;
      *) ca=("${C_STAGED[index]}" "$ROOT${C_PATH[index]}") ;;
    esac
  done
  [[ -n $settings ]] || return 0
  ask_database "$settings" ${ca[@]+"${ca[@]}"} || (($? == 2)) \
    || fail "the database does not let the application in with the new settings, so the former ones stay: $REPLY"
  if [[ $OUTPUT == empty ]]; then EMPTY_DATABASE=yes; fi
}

# On the way back: do the new settings stay, since the database takes them and refuses the former ones?
keeps_settings() { # PATH KEPT
  local digest
  [[ ${JOURNAL##*/} == settings && $1 == */local.py && -f $2 && -f $ROOT$1 ]] || return 1
  ask_database "$2"
  (($? == 1)) && ask_database "$ROOT$1" || return 1
  printf '%s\n' "$1 stays as this run has made it: the database takes its password, and refuses the former one" >&2
  digest=$(sha256sum -- "$2")
  # What somebody edited by hand stays where it is kept.
  ! grep -qF -- "${digest%% *}" "$STATE/records" || must "can't clear $2" rm -f -- "$2"
}
