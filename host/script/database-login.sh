
# --- Settings: the application must be able to log in to the database with them ---------------------------
#
# A role gets another password before the settings that contain it: from then on the former settings don't
# work. So new ones are tried before they replace the former ones, and whichever of the two works stays.

# Prints a present, future or former file of a user. Root reads a file in its own stores, if it is a regular file
# that the user owns or that everybody may read; any other is read as the user.
print_settings() { # USER FILE
  local kind owner mode
  case $2 in
    "$STATE"/* | */.tracks/kept/* | */.tracks/stage/*)
      IFS='|' read -r kind owner mode < <(stat -c '%F|%U|%a' -- "$2")
      # A kept link, or a second name of a file of root, may lead to what the user may not read.
      [[ $kind == 'regular file' ]] && { [[ $owner == "$1" ]] || ((8#$mode & 04)); } && cat -- "$2"
      ;;
    *) print_as "$1" "${2#"$ROOT"}" "$LARGEST_FILE" ;;
  esac
}

# Logs in to the database with a settings file. Status 0: it succeeds (OUTPUT ends with the line
# `empty` where there are no tables); 1: it doesn't, REPLY says why; 2: no application is deployed here that could
# try, or it uses neither PostgreSQL nor sqlite.
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

# Is it a refusal that will not go away? Others may: a restart, too many connections, a network failure.
is_final_refusal() { # REASON
  case $1 in
    *'authentication failed'* | *'no password supplied'* | *pg_hba.conf* | *'does not exist'* | *'ermission denied'* | *certificate* | *'does not support SSL'*) return 0 ;;
  esac
  return 1
}

# Like ask_database, but tries again while the refusal may go away.
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
UNPROVEN_SETTINGS=''   # why this run fails, with settings in place that could not be checked

# Before the swap: settings that don't work must never replace those that do.
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
    0) if [[ ${OUTPUT##*$'\n'} == empty ]] && ! serves_without_tables "$path"; then EMPTY_DATABASE=yes; fi ;;
    1) weigh_former_settings "$path" "$REPLY" ;;
  esac
}

# Does the application run with an empty database already? Then no deployment will create tables: it has no models.
serves_without_tables() { # PATH
  [[ -f $ROOT$1 ]] || return 1
  ! compgen -G "$STATE/resources/$SCOPE/*/waits-for-deployment" >/dev/null || return 1
  ask_database "$ROOT$1" && [[ ${OUTPUT##*$'\n'} == empty ]]
}

# The new settings were refused, and nothing is swapped yet. If the former ones don't work either, and the
# database may just be out of reach, the new ones stay: they have the role's present password.
weigh_former_settings() { # PATH REASON
  if [[ -f $ROOT$1 ]]; then
    ask_database "$ROOT$1"
    if (($? == 1)); then
      if is_final_refusal "$2"; then
        fail "the application can log in to the database neither with the new settings nor with the former ones, which stay: $2"
      fi
      UNPROVEN_SETTINGS="the application can log in to the database neither with the new settings, which are in place, nor with the former ones. Check the database, then run this again: $2"
      return
    fi
  fi
  fail "the application can't log in to the database with the new settings, so the former ones stay: $2"
}

SETTINGS_STAY=no # do the files of the run stay although it is undone?

# Before a run is undone, while its files are still in place: do the new settings stay, because the
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
    printf '%s\n' "${path#"$ROOT"} stays as this run has written it: the database accepts its password, and refuses the former one" >&2
  fi
  SETTINGS_STAY=yes
}

# The new file stays; removes the kept former one, unless somebody had edited it by hand.
discard_replaced() { # KEPT
  local digest
  [[ -f $1 && ! -L $1 ]] || return 0
  digest=$(sha256sum -- "$1")
  ! grep -qF -- "${digest%% *}" "$STATE/records" || must "can't clear $1" rm -f -- "$1"
}
