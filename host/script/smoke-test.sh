
# --- Smoke test: a release is started and asked next to the live service, with the options of that ------

SERVICE_INI='' # ini file that uWSGI will read after this run; empty without a service

# The links still lead to the old release, so uWSGI can't be tried with the file itself: the test uses its
# options with other paths.
find_service_ini() {
  local index
  SERVICE_INI=''
  for index in ${W_SOURCE[@]+"${!W_SOURCE[@]}"}; do
    if [[ ${E_PATH[index]} == *.ini ]]; then SERVICE_INI=${W_SOURCE[index]}; fi
  done
  [[ -z $SERVICE_INI ]] || return 0
  # A service whose files are not in this manifest.
  uwsgi_ini
  if [[ -n $REPLY && -r $ROOT$REPLY ]]; then SERVICE_INI=$ROOT$REPLY; fi
}

# Runs the release under uWSGI, which is installed already on every deployment but perhaps the first.
smoke_test() { # WSGI HEALTH HOST PENDING
  local expected=healthy uwsgi index links=() changed='' service=''
  (($4 == 0)) || expected=any
  uwsgi_program
  uwsgi=$ROOT$REPLY
  if [[ -z $REPLY ]]; then
    note 'uwsgi is not installed yet: the release was loaded, but no request was sent to it'
    return 0
  fi
  check_service_accounts
  application_attribute current -
  links=("$REPLY=$ROOT$RELEASE")
  for index in "${!E_KIND[@]}"; do
    if [[ ${E_KIND[index]} == symlink && ${E_PATH[index]} != "$REPLY" ]]; then links+=("${E_PATH[index]}=$ROOT$VIRTUALENV"); fi
  done
  for index in ${C_PATH[@]+"${!C_PATH[@]}"}; do
    if [[ ${C_PATH[index]} == *.ini ]]; then changed=' with the changed options of uWSGI'; fi
  done
  # A file of root for another user: passes on its text, never the open file.
  if [[ -n $SERVICE_INI ]]; then service=$(cat -- "$SERVICE_INI") || fail "can't read $SERVICE_INI"; fi
  run_application smoke "$1" "$ROOT$VIRTUALENV" "$uwsgi" "$2" "$3" "$expected" "${links[@]}" < <(printf '%s' "$service") \
    || fail_with_lines 12 "$SUBJECT fails its smoke test$changed"
}

# The test does not run as root, and so can't switch users: checks whether the service will be able to.
check_service_accounts() {
  [[ -n $SERVICE_INI ]] || return 0
  uwsgi_option "$SERVICE_INI" uid root
  known_account passwd "$REPLY" || fail "uWSGI can't run as $REPLY: there is no such user on this host: create it first (useradd $REPLY)"
  uwsgi_option "$SERVICE_INI" gid root
  known_account group "$REPLY" || fail "uWSGI can't run with the group $REPLY: there is no such group on this host: create it first (groupadd $REPLY)"
}
