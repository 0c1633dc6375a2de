
# --- Settings: the database must let the application in with them -----------------------------------------
#
# A role gets another password before the settings that name it: from then on the former settings open
# nothing. So new ones are tried before they take their place, and of two the one that works is left there.

# Prints a file that is about to be its user's, or was: one that waits in root's own stores as it is, where it
# is a plain file that the user owns or that everybody may read; any other with the user's own rights.
print_settings() { # USER FILE
  local kind owner mode
  case $2 in
    "$STATE"/* | */.tracks/kept/* | */.tracks/stage/*)
      IFS='|' read -r kind owner mode < <(stat -c '%F|%U|%a' -- "$2")
      # A link that was kept, or another name of a file of root's, is nothing to read for a user.
      [[ $kind == 'regular file' ]] && { [[ $owner == "$1" ]] || ((8#$mode & 04)); } && cat -- "$2"
      ;;
    *) print_as "$1" "${2#"$ROOT"}" "$LARGEST_FILE" ;;
  esac
}

# Asks the database with a settings file. Status 0: it lets the application in (OUTPUT ends with the line
# `empty` where there are no tables); 1: it doesn't, REPLY says why; 2: nothing is deployed here that could
# ask, or there is no PostgreSQL.
ask_database() { # SETTINGS [CA CA-FILE]
  local line word owner='' current='' link='' virtualenv='' status settings authorities=''
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
  settings=$(print_settings "$owner" "$1") || return 2
  [[ ${2:-/dev/null} == /dev/null ]] || authorities=$(print_settings "$owner" "$2") || return 2
  OUTPUT=$(printf '%s\0%s' "$settings" "$authorities" \
    | python_as "$owner" "${current#"$ROOT"}" "$ROOT$virtualenv/bin/python" database_login "$link" ${3+"$3"} 2>/dev/null)
  status=$?
  case $status in
    0) return 0 ;;
    4) last_lines 1 "$OUTPUT" ;;
    *) return 2 ;;
  esac
  return 1
}

# Is it a refusal that waiting doesn't mend? Others pass: a restart, too many connections, a gap in the network.
is_final_refusal() { # REASON
  case $1 in
    *'authentication failed'* | *'no password supplied'* | *pg_hba.conf* | *'does not exist'* | *'ermission denied'* | *certificate* | *'does not support SSL'*) return 0 ;;
  esac
  return 1
}

# Like ask_database, and again while the refusal is one that passes.
ask_patiently() { # SETTINGS [CA CA-FILE]
  local deadline=$((SECONDS + DATABASE_WAIT)) status
  while :; do
    ask_database "$@"
    status=$?
    if ((status != 1 || SECONDS >= deadline)) || is_final_refusal "$REPLY"; then return "$status"; fi
    sleep 1
  done
}

EMPTY_DATABASE=no      # do the new settings name a database that has yet to get its tables?
UNPROVEN_SETTINGS=''   # why this run fails, with settings in place that could not be proven

# Before the swap: settings with which nobody is let in never take the place of those that work.
prove_settings() {
  local index settings='' path='' ca=()
  for index in ${C_PATH[@]+"${!C_PATH[@]}"}; do
    [[ ${C_WANT[index]} == file* ]] || continue
    case ${C_PATH[index]} in
      */local.py) settings=${C_STAGED[index]} path=${C_PATH[index]} ;;
      *) ca=("${C_STAGED[index]}" "$ROOT${C_PATH[index]}") ;;
    esac
  done
  [[ -n $settings ]] || return 0
  ask_patiently "$settings" ${ca[@]+"${ca[@]}"}
  case $? in
    0) if [[ ${OUTPUT##*$'\n'} == empty ]]; then EMPTY_DATABASE=yes; fi ;;
    1) weigh_former_settings "$path" "$REPLY" ;;
  esac
}

# The new ones were refused, and nothing is swapped yet. Where the former ones open nothing either and the
# database may just be out of reach, the new ones have the password that the role has by now.
weigh_former_settings() { # PATH REASON
  if [[ -f $ROOT$1 ]]; then
    ask_database "$ROOT$1"
    if (($? == 1)); then
      if is_final_refusal "$2"; then
        fail "the database lets the application in neither with the new settings nor with the former ones, which stay: $2"
      fi
      UNPROVEN_SETTINGS="the database lets the application in neither with the new settings nor with the former ones; the new ones are in place. See to the database, then run this again: $2"
      return
    fi
  fi
  fail "the database does not let the application in with the new settings, so the former ones stay: $2"
}

SETTINGS_STAY=no # do the files of the run that is undone stay?

# On the way back, while everything that the run made is still in place: do the new settings stay, since the
# database refuses the former ones?
settle_settings() { # STEP...
  local line path='' kept='' fields=() ca=()
  SETTINGS_STAY=no
  [[ ${JOURNAL##*/} == settings ]] || return 0
  for line in "$@"; do
    IFS=$TAB read -r -a fields <<<"$line"
    [[ ${fields[0]} == swap ]] || continue
    case ${fields[1]} in
      */local.py) path=$ROOT${fields[1]} kept=${fields[2]} ;;
      *.pem)
        # The former settings go with the former certificates, or with none.
        if [[ ${fields[2]} == none ]]; then
          ca=(/dev/null "$ROOT${fields[1]}")
        elif [[ -f ${fields[2]} ]]; then
          ca=("${fields[2]}" "$ROOT${fields[1]}")
        fi
        ;;
    esac
  done
  [[ -f $kept && -f $path ]] || return 0
  if [[ -z $UNPROVEN_SETTINGS ]]; then
    ask_database "$kept" ${ca[@]+"${ca[@]}"}
    (($? == 1)) && ask_patiently "$path" || return 0
    printf '%s\n' "${path#"$ROOT"} stays as this run has made it: the database takes its password, and refuses the former one" >&2
  fi
  SETTINGS_STAY=yes
}

# The new file stays; of the former one, what somebody edited by hand stays where it is kept.
discard_replaced() { # KEPT
  local digest
  [[ -f $1 && ! -L $1 ]] || return 0
  digest=$(sha256sum -- "$1")
  ! grep -qF -- "${digest%% *}" "$STATE/records" || must "can't clear $1" rm -f -- "$1"
}
