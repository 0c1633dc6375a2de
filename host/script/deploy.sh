
# --- Deploy: tries a release, migrates the database, and switches; what can fail comes before the switch --

APPLICATION='' # index of the entry
DEPLOYED=no    # did this run get as far as the switch?
PYTHON=''      # interpreter of the virtualenv, with $ROOT
BACKUP=''      # the copy of the database that this run made
PENDING=()     # migrations that must still be applied
SUBJECT=''     # what is deployed, for messages
STATIC_ROOT='' # directory of the release's static files, and their URL
STATIC_URL=''

# Finds the release and its virtualenv, so that the manifest's links can be planned.
resolve_application() {
  local index
  only_entry application || return 0
  APPLICATION=$REPLY
  RELEASE=${E_PATH[APPLICATION]}
  explain_waiting_settings
  attribute "$APPLICATION" owner -
  RELEASE_OWNER=$REPLY
  is_complete_release "$RELEASE" || fail "the release $RELEASE is not on this host: run pulumi up again, which fetches it"
  run_virtualenv find || {
    last_lines 8 "$OUTPUT"
    fail "can't find the virtualenv of $RELEASE: $REPLY"
  }
  [[ $REPLY == present ]] || fail "the virtualenv $VIRTUALENV is not on this host: run pulumi up again, which builds it"
  PYTHON=$ROOT$VIRTUALENV/bin/python
  for index in "${!E_KIND[@]}"; do
    [[ ${E_KIND[index]} != symlink ]] || E_WORDS[index]=${E_WORDS[index]/@@VIRTUALENV@@/"${VIRTUALENVS##*/}/${VIRTUALENV##*/}"}
  done
}

application_attribute() { # KEY DEFAULT
  attribute "$APPLICATION" "$1" "$2"
}

# Runs python/application.py in the release, as its owner, with our stdin; leaves its output in OUTPUT.
run_application() { # VERB ARGUMENT...
  local status
  OUTPUT=$(python_as "$RELEASE_OWNER" "$RELEASE" "$PYTHON" application "$@" 2>&1)
  status=$?
  return "$status"
}

manage() { # COMMAND...
  local status
  OUTPUT=$(as_user "$RELEASE_OWNER" "$RELEASE" "$PYTHON" manage.py "$@" 2>&1 </dev/null)
  status=$?
  return "$status"
}

fail_with_lines() { # COUNT WHAT
  last_lines "$1" "$OUTPUT"
  fail "$2: $REPLY"
}

# Everything before the switch.
prepare_release() {
  local wsgi health host line django=''
  [[ -n $APPLICATION ]] || return 0
  [[ $SAME_MANIFEST == no ]] || ((${#C_PATH[@]} > 0)) || return 0
  DEPLOYED=yes
  SUBJECT='the release'
  if release_changes; then SUBJECT='the new release'; fi
  find_service_ini
  application_attribute production no
  service_environment "$SERVICE_INI" "$REPLY"
  application_attribute wsgi -
  wsgi=$REPLY
  application_attribute health /
  health=$REPLY
  application_attribute host localhost
  host=$REPLY
  link_shared_paths
  # Code that uses the database when it is loaded creates the file.
  AS_UMASK=077 manage check || fail_with_lines 12 "manage.py check fails in $SUBJECT"
  application_attribute current -
  run_application examine "$wsgi" "$ROOT$REPLY" </dev/null || fail_with_lines 12 "$SUBJECT can't be deployed"
  while IFS= read -r line; do
    case $line in
      'django '*) django=${line#* } ;;
      'static-root '*) STATIC_ROOT=${line#* } ;;
      'static-url '*) STATIC_URL=${line#* } ;;
      'pending '*) PENDING+=("${line#* }") ;;
    esac
  done <<<"$OUTPUT"
  smoke_test "$wsgi" "$health" "$host" "$((${#PENDING[@]} > 0))"
  if [[ -n $STATIC_ROOT ]]; then
    drop_empty_static_files
    manage collectstatic --noinput || fail_with_lines 12 "manage.py collectstatic fails in $SUBJECT"
  else
    note "the settings have no STATIC_ROOT: static files are not collected"
  fi
  if before_1_7 "$django"; then
    # Only running syncdb tells whether there is something to do.
    if [[ $SUBJECT == 'the new release' ]]; then
      back_up_database
      manage syncdb --noinput || fail_with_lines 12 'manage.py syncdb fails'
    fi
  elif ((${#PENDING[@]} > 0)); then
    back_up_database
    migrate_database
    smoke_test "$wsgi" "$health" "$host" 0
  fi
  plan_uwsgi_action
  note_running_uwsgi
  note_stopped_uwsgi "$SUBJECT was tested, and takes effect when the service is started"
}

# Does this run change more than the files of the service?
release_changes() {
  local want line
  for want in ${C_WANT[@]+"${C_WANT[@]}"}; do
    [[ $want != symlink* ]] || return 0
  done
  for line in "${MANIFEST[@]}"; do
    [[ $line != 'application '* ]] || ! grep -qxF -- "$line" "$STATE/resources/$SCOPE/$RESOURCE/manifest" 2>/dev/null || return 1
  done
}

before_1_7() { # VERSION
  [[ $1 =~ ^1\.([0-9]+) ]] && ((BASH_REMATCH[1] < 7))
}

link_shared_paths() {
  local shared links=() settings line
  application_attribute shared -
  shared=$REPLY
  application_attribute settings ''
  settings=$REPLY
  links=("db.sqlite3=$ROOT$shared/db.sqlite3" "media=$ROOT$shared/media")
  if [[ -n $settings && -f $ROOT$shared/local.py ]]; then links+=("$settings=$ROOT$shared/local.py"); fi
  run_application links "${links[@]}" </dev/null || fail_with_lines 3 "can't link the shared paths into $RELEASE"
  while IFS= read -r line; do
    [[ $line != 'note '* ]] || note "$RELEASE: ${line#note }"
  done <<<"$OUTPUT"
}

back_up_database() {
  local words=()
  application_attribute backups -
  words=(--if-any --directory "$ROOT$REPLY" --label "deploy-${RELEASE##*/}")
  application_attribute client ''
  [[ -z $REPLY ]] || words+=(--client "$REPLY")
  back_up_as "$RELEASE_OWNER" "$RELEASE" "$PYTHON" "${words[@]}"
  case $REPLY in
    'backup /'*)
      BACKUP=${REPLY#backup }
      BACKUP=${BACKUP#"$ROOT"}
      changed "backed up the database to $BACKUP"
      explain_failure "the backup of the database from before this run is $BACKUP"
      ;;
    'unknown '*) note "the database is ${REPLY#unknown }, which this program can't back up: there is no backup of it" ;;
  esac
}

migrate_database() {
  local before=("${PENDING[@]}") examined status name wsgi printed applied
  manage migrate --noinput
  status=$?
  printed=$OUTPUT
  application_attribute wsgi -
  wsgi=$REPLY
  if run_application examine "$wsgi" </dev/null; then
    examined=$'\n'$OUTPUT$'\n'
    for name in "${before[@]}"; do
      [[ $examined == *$'\n'"pending $name"$'\n'* ]] || changed "applied migration $name"
    done
  fi
  applied=${CHANGES[*]+$(printf '%s\n' "${CHANGES[@]}" | sed -n 's/^applied migration //p' | paste -s -d ' ' -)}
  explain_failure "migrations that were applied, and stay applied: ${applied:-none}"
  OUTPUT=$printed
  ((status == 0)) || fail_with_lines 12 'manage.py migrate fails; the site keeps running as before'
}

IN_FORCE=yes # do the workers use the settings that are in place?

# Settings that name an empty database take effect with the deployment; when that fails, the reader must know.
explain_waiting_settings() {
  compgen -G "$STATE/resources/$SCOPE/*/waits-for-deployment" >/dev/null || return 0
  explain_failure "local.py names the new, empty database already, and the workers still use the former one: don't restart uwsgi. To keep the former database, set PostgresDatabase.external.host (or what else you changed about the database) to its former value and run pulumi up"
}

settings_are_in_force() {
  rm -f -- "$STATE/resources/$SCOPE"/*/waits-for-deployment
}

# Makes uWSGI load the new release with its options, or the new settings, and checks that it did.
reload_application() {
  local current='' action back
  [[ $VERB == apply ]] || return 0
  case $SUBSYSTEM in
    application) [[ $DEPLOYED == yes && $UWSGI_RAN == yes ]] || return 0 ;;
    settings)
      # The settings of a failed run may be in place already, without being in force.
      [[ $SAME_MANIFEST == no ]] || ((${#C_PATH[@]} > 0)) || return 0
      note_running_uwsgi
      note_stopped_uwsgi 'it will load the settings when it is started'
      [[ $UWSGI_RAN == yes ]] || return 0
      uwsgi_ini
      if [[ -z $REPLY || ! -e $ROOT$REPLY ]]; then
        note 'the unit of uwsgi or its options were changed: uwsgi loads the settings once the next pulumi up has restored them'
        return 0
      fi
      ;;
  esac
  if [[ $EMPTY_DATABASE == yes ]]; then
    IN_FORCE=no
    note "the database has no tables yet: the deployment creates them, and then makes uwsgi load the settings; don't restart uwsgi before that"
    return 0
  fi
  # A reload can't unset a variable: undoing the change may have to.
  action=$UWSGI_ACTION back=$UWSGI_ACTION
  case $action in
    nothing) action=reload back=reload ;;
    reload) back=restart ;;
  esac
  if [[ -n $APPLICATION ]]; then
    application_attribute current -
    current=$REPLY
  fi
  step "$back-uwsgi" "$current"
  renew_uwsgi "$action" "${RELEASE##*/}" || fail "uWSGI does not run with the change: $REPLY"
  [[ -z $APPLICATION ]] || prove_release
  settings_are_in_force
  changed "${action/renew/restart}ed uWSGI${UWSGI_REASON:+: $UWSGI_REASON}"
}

# Leaves the manifest of the application that this scope has deployed, or nothing.
deployed_application_manifest() {
  local files
  files=$(grep -l '^application ' -- "$STATE/resources/$SCOPE"/*/manifest 2>/dev/null)
  REPLY=''
  [[ -z $files ]] || REPLY=$(cat -- "${files%%$'\n'*}")
}

# Leaves the entry of the application in that manifest, or nothing.
deployed_application() {
  deployed_application_manifest
  REPLY=$(sed -n '/^application /{s///p;q;}' <<<"$REPLY")
}

# Asks the site, through nginx, which release answers.
prove_release() {
  local host port health deadline=$((SECONDS + PROOF_WAIT)) release=${RELEASE##*/} log
  application_attribute host localhost
  host=$REPLY
  application_attribute port 80
  port=$REPLY
  application_attribute health /
  health=$REPLY
  # Otherwise nginx would redirect to the URI with the slash.
  [[ $health == *[./] || $health == *[.?]* ]] || health+=/
  while :; do
    if ! site_answer "$port" "$health" "$host"; then
      note "nothing answers on port $port yet: the release was checked through uWSGI only"
      return 0
    fi
    [[ $REPLY != *" release=$release" || ! $REPLY =~ ^[23] ]] || return 0
    if answered_by_nginx; then
      note "nginx itself answers $health with status ${REPLY% release=*}${ANSWER_LOCATION:+, a redirect to $ANSWER_LOCATION}, before the application is asked: the new release was checked through uWSGI only"
      return 0
    fi
    ((SECONDS < deadline)) || break
    sleep 0.2
  done
  log=$(uwsgi_reason "$(uwsgi_log_since)")
  [[ $REPLY != *' release=none' || ! $REPLY =~ ^[234] ]] \
    || fail "something else than uWSGI answers http://$host:$port$health (status ${REPLY% release=*}, no release named): check whether another server of nginx has that name, or NginxSite.snippet has that path"
  fail "http://$host:$port$health does not show the new release (status ${REPLY% release=*}, release ${REPLY##* release=}): ${log:-no reason is in its log}; see ${UWSGI_LOG#"$ROOT"}"
}

# A power cut may leave empty files, and collectstatic considers existing files up to date.
drop_empty_static_files() {
  case $STATIC_ROOT in
    "$ROOT$RELEASE"/*) ;;
    # Outside the release others may have files.
    /*) return 0 ;;
  esac
  # shellcheck disable=SC2016 # the inner shell expands them
  attempt as_user "$RELEASE_OWNER" "$RELEASE" sh -c '[ ! -d "$1" ] || find "$1" -type f -empty -delete' sh "$STATIC_ROOT" \
    || fail "can't look for empty static files in $SUBJECT: $OUTPUT"
}

# nginx may serve a page and still refuse its static files: requests one of these as well. None
# whose name begins with a dot, which many snippets deny.
prove_static_file() {
  local file url host port
  [[ $DEPLOYED == yes && -n $STATIC_ROOT && $STATIC_URL == /* ]] || return 0
  # shellcheck disable=SC2016 # the inner shell expands them
  file=$(as_user "$RELEASE_OWNER" "$RELEASE" sh -c \
    'cd -- "$1" && find . -name ".?*" -prune -o -type f -print | grep -m 1 -E "^[A-Za-z0-9._/-]+$"' sh "$STATIC_ROOT" 2>/dev/null </dev/null)
  [[ -n $file ]] || return 0
  file=${file#./}
  url=${STATIC_URL%/}/$file
  application_attribute host localhost
  host=$REPLY
  application_attribute port 80
  port=$REPLY
  site_answer "$port" "$url" "$host" || return 0
  case $REPLY in
    403*)
      application_attribute health /
      site_answer "$port" "$REPLY" "$host" || return 0
      if answered_by_nginx; then
        note "nginx itself refuses requests from this host, so this run could not check that nginx can read the static files"
        return
      fi
      [[ $STATIC_ROOT == /* ]] || STATIC_ROOT=$ROOT$RELEASE/$STATIC_ROOT
      why_unreadable "$STATIC_ROOT/$file"
      fail "nginx can't read the static files: http://$host:$port$url answers 403; $REPLY"
      ;;
    404*) note "http://$host:$port$url answers 404: nginx serves the static files elsewhere, or from another directory than STATIC_ROOT (NginxSite.staticRoot)" ;;
  esac
}

# Leaves why nginx can't read a file, as far as mode and label of the file and its directories show it.
why_unreadable() { # FILE
  local name mode bit verb context file
  file=$(readlink -f -- "$1")
  ancestors "$file"
  while read -r mode name; do
    bit=1 verb=enter
    if [[ $name == "$file" ]]; then bit=4 verb=read; fi
    if ((!(8#$mode & bit))); then
      REPLY="${name#"$ROOT"} has the mode $mode, so nginx can't $verb it"
      return
    fi
  done < <(stat -c '%a %n' -- "${CHAIN[@]}")
  REPLY='see the error log of the site'
  selinux_enabled || return 0
  context=$(stat -c %C -- "$file")
  context=${context#*:*:}
  name=${file#"$ROOT"}
  REPLY="the SELinux type of $name is ${context%%:*}, and nginx can read httpd_sys_content_t. As root, run: restorecon -Rv ${name%/*}; if that changes nothing, see ausearch -m avc -ts recent"
}

# Did nginx itself refuse or redirect the request, as with auth_basic, allow, deny, or a redirect to https?
answered_by_nginx() { # the answer is in REPLY
  case $REPLY in
    '401 release=none' | '403 release=none') return 0 ;;
    3*' release=none') [[ $ANSWER_LOCATION == https://* ]] ;;
    *) return 1 ;;
  esac
}

ANSWER_LOCATION='' # where the last answer redirects to

# Leaves "STATUS release=RELEASE" of one request to this host in REPLY.
site_answer() { # PORT PATH HOST
  local fd line status='' release=none
  ANSWER_LOCATION=''
  { exec {fd}<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
  printf 'GET %s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n\r\n' "$2" "$3" >&"$fd"
  while IFS= read -r -t 30 line <&"$fd"; do
    line=${line%$'\r'}
    [[ -n $line ]] || break
    if [[ $line == HTTP/* ]]; then
      line=${line#* }
      status=${line%% *}
    elif [[ $line =~ ^[Xx]-[Tt]racks-[Rr]elease:[[:space:]]*(.*)$ ]]; then
      release=${BASH_REMATCH[1]}
    elif [[ $line =~ ^[Ll]ocation:[[:space:]]*([^[:space:]]+) ]]; then
      ANSWER_LOCATION=${BASH_REMATCH[1]}
    fi
  done
  exec {fd}>&-
  REPLY="${status:-none} release=$release"
}

# Makes uWSGI load the former release and options, which are back in place.
renew_uwsgi_back() { # reload|restart|renew CURRENT-LINK
  local target='' try
  # It ran when its files were swapped; a run that was killed during a restart leaves it stopped.
  [[ $1 != reload ]] || uwsgi_is_running || service_is_meant_to_run uwsgi || return 0
  [[ -z $2 ]] || target=$(readlink -- "$ROOT$2")
  # uWSGI ignores a reload while another one is under way.
  for try in 1 2 3; do
    if [[ $1 == reload ]]; then
      if reload_uwsgi "${target##*/}"; then return 0; fi
    elif renew_uwsgi "$1" "${target##*/}"; then
      return 0
    fi
    sleep 2
  done
  fail "uWSGI does not run the former release again after $try attempts: $REPLY"
}

# The time of the mark is that of the last successful deployment, and its content the virtualenv; prune
# uses both. The mark of a release that failed stays empty.
mark_release() {
  [[ -n $APPLICATION && $DEPLOYED == yes ]] || return 0
  settings_are_in_force
  # shellcheck disable=SC2016
  OUTPUT=$(as_user "$RELEASE_OWNER" "$RELEASE" sh -c 'printf "%s\n" "$1" >"$2"' sh "${VIRTUALENV##*/}" "$RELEASE_MARK" 2>&1 </dev/null) \
    || fail "can't mark $RELEASE: $OUTPUT"
}

# Removes old releases, virtualenvs and backups once the new release is in force for good. Never fails the run.
prune_application() {
  local keep used=() target parent=${RELEASE%/*} backups line
  [[ -n $APPLICATION && $DEPLOYED == yes ]] || return 0
  application_attribute backups -
  backups=$REPLY
  application_attribute keep 5
  keep=$REPLY
  used=("${RELEASE##*/}" "${VIRTUALENV##*/}")
  while IFS= read -r target; do
    [[ $target != "$ROOT$parent"/* ]] || {
      target=${target#"$ROOT$parent"/}
      used+=("${target%%/*}")
    }
  done < <(readlink /proc/[0-9]*/cwd 2>/dev/null | sort -u)
  if ! run_application prune "$ROOT$parent" "$keep" "$ROOT$VIRTUALENVS" "$ROOT$backups" "${used[@]}" </dev/null; then
    last_lines 2 "$OUTPUT"
    note "can't remove old releases: $REPLY"
    return 0
  fi
  while IFS= read -r line; do
    line=${line//"$ROOT"/}
    case $line in
      'removed '*) changed "$line" ;;
      'stays '*) note "not removed: ${line#stays }; remove it as root" ;;
    esac
  done <<<"$OUTPUT"
}
