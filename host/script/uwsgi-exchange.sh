
# --- Exchange: our service uwsgi replaces one that somebody else made, and remove restores that ------------
#
# The unit or init script of the former service is a path like any other: kept, and restored. This happens once
# per host, so it is done in the simplest way: the running service is stopped through systemd, the paths are
# swapped, and the other service is started. For a few seconds nothing answers. When the run ends in between,
# for whatever reason, its journal starts the former service again.

readonly FORMER_UWSGI='former-service uwsgi'

UWSGI_EXCHANGE=none # take: ours replaces a running service of somebody else; give: the other way round

# Determines from the paths that will be swapped whether the service is exchanged.
plan_uwsgi_exchange() {
  local index
  UWSGI_EXCHANGE=none
  if [[ -n ${OWNERS[$FORMER_UWSGI]-} && $VERB == apply ]] && wants_unit; then
    own "$FORMER_UWSGI" sole "${FORMER[$FORMER_UWSGI]}" "${MADE[$FORMER_UWSGI]}"
  fi
  for index in ${C_PATH[@]+"${!C_PATH[@]}"}; do
    [[ ${C_PATH[index]} == "$UWSGI_UNIT" ]] || continue
    case ${C_WANT[index]} in
      file*)
        [[ -z ${OWNERS["path $UWSGI_UNIT"]-} ]] || return 0
        state_service uwsgi
        [[ $REPLY != *' running' ]] || UWSGI_EXCHANGE=take
        ;;
      *)
        is_ours "$FORMER_UWSGI" || return 0
        UWSGI_EXCHANGE=give
        # Neither reloaded nor restarted: it ends.
        UWSGI_ACTION=nothing
        ;;
    esac
  done
}

wants_unit() {
  local index
  for index in ${W_STATE[@]+"${!W_STATE[@]}"}; do
    [[ ${E_PATH[index]} != "$UWSGI_UNIT" ]] || return 0
  done
  return 1
}

# Everything was tried, and the paths are swapped next: stops what runs, while its own unit is still there.
stop_exchanged_uwsgi() {
  [[ $UWSGI_EXCHANGE != none ]] || return 0
  step exchange-uwsgi "$UWSGI_EXCHANGE"
  case $UWSGI_EXCHANGE in
    take) end_uwsgi_service || fail "the running service uwsgi does not stop: it is $REPLY" ;;
    # Ours first answers the requests that are under way.
    give) service_request uwsgi stop || fail "the service uwsgi does not stop: $REPLY" ;;
  esac
}

# Starts the other service, after the paths were swapped and systemd has read its units.
exchange_uwsgi() { # [RELEASE]
  case $UWSGI_EXCHANGE in
    take) take_uwsgi_over "${1-}" ;;
    give) give_uwsgi_back ;;
  esac
}

take_uwsgi_over() { # RELEASE
  mark_uwsgi_log
  attempt systemctl reset-failed uwsgi.service
  service_request uwsgi start \
    || fail "uwsgi does not start in place of the former service: $REPLY"$'\n'"$(uwsgi_reason "$(uwsgi_log_since)")"
  prove_uwsgi '' ' ' "$1" || fail "uwsgi was started in place of the former service, but $REPLY"
  own "$FORMER_UWSGI" sole running replaced
  changed "started uwsgi in place of the service that ran before ($REPLY)"
  [[ -z $APPLICATION ]] || prove_release
}

# Starts the service that ran before us. If it can't start any more, a note says so, and the rest is restored
# all the same.
give_uwsgi_back() {
  disown_key "$FORMER_UWSGI"
  if start_former_uwsgi; then
    changed 'started the service uwsgi that ran before'
  else
    note "the service uwsgi that ran before does not start: $REPLY"
  fi
}

start_former_uwsgi() {
  attempt systemctl reset-failed uwsgi.service
  service_request uwsgi start || return 1
  state_service uwsgi
  [[ $REPLY == *' running' ]]
}

# Stops the service uwsgi, whoever made it. A stop alone may take as long as the time limit of its unit: on
# SIGTERM uWSGI reloads, unless it has --die-on-term, and while it starts its workers it
# ignores signals.
end_uwsgi_service() {
  local polls=0
  attempt detached systemctl --no-block stop uwsgi.service
  while :; do
    attempt systemctl show -p ActiveState -- uwsgi.service
    REPLY=${OUTPUT#*=}
    case $REPLY in
      inactive | failed | unknown) break ;;
    esac
    ((polls < 150)) || return 1
    polls=$((polls + 1))
    if ((polls >= 50)); then
      attempt systemctl kill -s KILL uwsgi.service
    elif ((polls % 5 == 0)); then
      attempt systemctl kill -s INT uwsgi.service
    fi
    sleep 0.2
  done
  # If its unit says KillMode=process, its workers still run.
  attempt systemctl kill -s KILL uwsgi.service
}

# --- Undoing ---

# The former paths are back, and systemd has read its units. Stops whichever of the two services runs by now,
# if any, even half started, and starts the one whose unit is there.
undo_uwsgi_exchange() { # take|give
  end_uwsgi_service || fail "the service uwsgi does not stop: it is $REPLY"
  case $1 in
    take) start_former_uwsgi || fail "the service uwsgi that ran before does not start: $REPLY" ;;
    give) renew_uwsgi renew '' || fail "uwsgi does not run again: $REPLY" ;;
  esac
}
