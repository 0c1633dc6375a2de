
# --- Exchange: our service uwsgi takes the place of one that somebody else made, and gives it back --------
#
# The former one's unit or init script is a path like any other: kept aside, and put back. This happens once
# in a host's life, so it is done the plain way: what runs is stopped through the service interface, the
# paths are swapped, and the other one is started. Nobody answers in between, for a few seconds. A run that
# ends on the way, whatever ends it, leaves nothing but a service that its journal has started again.

readonly FORMER_UWSGI='former-service uwsgi'

UWSGI_EXCHANGE=none # take: a running service of somebody's ends for ours; give: the other way round

# Works out from the paths that will be swapped whether the service changes hands.
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

# Everything was tried, and the paths are swapped next: what runs ends, as its own unit has it.
stop_exchanged_uwsgi() {
  [[ $UWSGI_EXCHANGE != none ]] || return 0
  step exchange-uwsgi "$UWSGI_EXCHANGE"
  case $UWSGI_EXCHANGE in
    take) end_uwsgi_service || fail "the service uwsgi that runs does not stop: it is $REPLY" ;;
    # Ours answers the requests under way first.
    give) service_request uwsgi stop || fail "the service uwsgi does not stop: $REPLY" ;;
  esac
}

# The paths are swapped, and systemd has read its units.
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
    || fail "uwsgi does not start in the former one's place: $REPLY"$'\n'"$(uwsgi_reason "$(uwsgi_log_since)")"
  prove_uwsgi '' ' ' "$1" || fail "uwsgi was started in the former one's place, but $REPLY"
  own "$FORMER_UWSGI" sole running replaced
  changed "started uwsgi in place of the service that ran before ($REPLY)"
  [[ -z $APPLICATION ]] || prove_release
}

# What ran before us runs again. It may have lost by now what it needs: that is told, and keeps nothing else
# from being given back.
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

# Ends the service uwsgi, whoever made it. A stop alone may take as long as the time limit of its unit: to
# SIGTERM uWSGI loads itself again, unless it was told --die-on-term, and while it still makes its workers it
# takes no notice of a signal.
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
  # Where its unit says KillMode=process, its workers are left.
  attempt systemctl kill -s KILL uwsgi.service
}

# --- The way back ---

# The former paths are back, and systemd has read its units. Whichever of the two runs by now, none, or half of
# one: it ends, and the one whose unit is there starts.
undo_uwsgi_exchange() { # take|give
  end_uwsgi_service || fail "the service uwsgi does not stop: it is $REPLY"
  case $1 in
    take) start_former_uwsgi || fail "the service uwsgi that ran before does not start: $REPLY" ;;
    give) renew_uwsgi renew '' || fail "uwsgi does not run again: $REPLY" ;;
  esac
}
