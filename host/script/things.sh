
# --- Things: settings, users, services, SELinux, firewall ---------------------------------------------
#
# A "thing" is whatever is not a path. It has a key (`service nginx`) and a state of one line. Each kind has two
# functions:
#   state_KIND WORDS...        leaves the state in REPLY; `absent` where the host does not have the thing
#   make_KIND STATE WORDS...   sets the state
# so that changing, checking, undoing and restoring are written once, here.

declare -A NAMED_THINGS=() # keys that the manifest names

thing_state() { # KEY
  local words=()
  read -r -a words <<<"$1"
  "state_${words[0]//-/_}" "${words[@]:1}"
}

thing_make() { # KEY STATE
  local words=()
  read -r -a words <<<"$1"
  "make_${words[0]//-/_}" "$2" "${words[@]:1}"
}

# Leaves " (FROM -> TO)" for a message; nothing where a state may hold a secret.
show_states() { # KEY FROM TO
  case $1 in
    'password '* | 'setting '* | 'postgresql-access '*) REPLY='' ;;
    *) if [[ "$1 $3" == 'user '*' none' ]]; then REPLY=''; else REPLY=" ($2 -> $3)"; fi ;;
  esac
}

# Records that this resource owns a thing, which was in state FORMER and must be in state WANT.
claim_thing() { # KEY FORMER WANT
  NAMED_THINGS[$1]=yes
  own "$1" share "$2" "$3"
  FACTS+=("thing $1$TAB$3")
}

# Sets the state of a thing and checks the result on the host.
converge_thing() { # KEY WANT [FORMER]
  local key=$1 want=$2 live
  thing_state "$key"
  live=$REPLY
  claim_thing "$key" "${3-$live}" "$want"
  [[ $live != "$want" ]] || return 0
  step thing "$key" "$live"
  thing_make "$key" "$want"
  thing_state "$key"
  show_states "$key" "$live" "$REPLY"
  thing_is "$key" "$want" || fail "$key is not in the wanted state after the change$REPLY"
  changed "changed $key$REPLY"
}

thing_is() { # KEY STATE; leaves REPLY alone
  local kept_reply=$REPLY status=1
  thing_state "$1"
  [[ $REPLY != "$2" ]] || status=0
  REPLY=$kept_reply
  return "$status"
}

# Restores the former state of things of ours, of some kinds, that the manifest does not name any more.
release_things() { # KIND...
  local key kind
  for kind in "$@"; do
    for key in ${OWNERS[@]+"${!OWNERS[@]}"}; do
      if [[ $key == "$kind "* && -z ${NAMED_THINGS[$key]-} ]] && is_ours "$key"; then
        release_thing "$key"
      fi
    done
  done
}

release_thing() { # KEY
  local key=$1 live former=${FORMER[$1]}
  disown_key "$key"
  [[ ${OWNERS[$key]} == "$SCOPE/$RESOURCE" ]] || return 0
  ! needed_in_zone "$key" || return 0
  if [[ $key == selinux-* ]] && ! selinux_enabled; then
    note "SELinux is disabled: $key stays as it is"
    return 0
  fi
  [[ $key != 'password '* ]] || discard_hash "${key#password }" "$former"
  thing_state "$key"
  live=$REPLY
  state_to_restore "$key" "$live"
  former=$REPLY
  [[ $live != "$former" ]] || return 0
  announce_release "$key" "$live" "$former"
  thing_make "$key" "$former"
  show_states "$key" "$live" "$former"
  changed "released $key$REPLY"
}

# Leaves the former state of a thing; the present one, with a note, where it is not ours any more.
state_to_restore() { # KEY LIVE
  local former=${FORMER[$1]} made=${MADE[$1]}
  REPLY=$2
  if [[ $2 == "$former" ]]; then
    return
  elif [[ $2 == absent ]]; then
    note "$1 does not exist on this host any more: nothing of it was restored"
  elif is_of_another_account "$1"; then
    note "$1 stays as it is: the account has another user id than the one that this program created"
    REPLY=$2
  elif is_as_made "$2" "$made"; then
    REPLY=$former
  else
    [[ $1 != 'service '* ]] || restore_halves "$2" "$former" "$made"
    [[ $REPLY == "$former" ]] || note "somebody has changed $1 since this program set it: that stays as it is"
  fi
}

# Whether somebody has made an account in the place of one that we created: what that one had before is none of its.
is_of_another_account() { # KEY
  local user=${1#* }
  case $1 in
    'user '* | 'password '*) [[ ${FORMER["user $user"]-} == none ]] && ! made_account "$user" ;;
    *) return 1 ;;
  esac
}

# Whether a service is enabled and whether it runs are restored apart: one that somebody has only stopped would still
# be enabled, without a unit perhaps.
restore_halves() { # LIVE FORMER MADE
  local enabled=${1% *} running=${1#* }
  [[ $enabled != "${3% *}" ]] || enabled=${2% *}
  [[ $running != "${3#* }" || $enabled == masked ]] || running=${2#* }
  REPLY="$enabled $running"
}

announce_release() { # KEY LIVE FORMER
  case "$1 $3" in
    'password '*) announce_unset "${1#password }" "$2" ;;
    'user '*' none')
      # Locking it changes its password.
      state_password "${1#user }"
      announce_unset "${1#user }" "$REPLY"
      ;;
    *) step thing "$1" "$2" ;;
  esac
}

# A stopped firewall has no open ports; its stored settings tell whether somebody changed them.
is_as_made() { # LIVE MADE
  [[ $1 == "$2" || ($1 == *' now=stopped' && ${1% now=*} == "${2% now=*}") ]]
}

undo_thing() { # KEY STATE
  [[ $1 != selinux-* ]] || selinux_enabled || return 0
  # A new account stays: by now somebody may have put data into its home. The next run uses it.
  # The same goes for a new role or database.
  if [[ $2 == none ]]; then
    case $1 in
      'user '*)
        thing_is "$1" none || note_account "${1#user }"
        return 0
        ;;
      'postgresql-role '* | 'postgresql-database '*) return 0 ;;
    esac
  fi
  thing_is "$1" "$2" || undo_change "$1" "$2"
  # The kept hash or verifier is not needed any more, and is as secret as a password.
  case $1 in
    'password '*) forget_hash "${1#password }" "$2" ;;
    'postgresql-password '*) forget_kept "verifier-${1#postgresql-password }-$2" ;;
  esac
}

# What nobody can undo any more counts as settled: it would stop all later runs for ever.
undo_change() { # KEY STATE
  thing_state "$1"
  if [[ $REPLY == absent || "$1 $REPLY" == 'user '*' none' ]]; then
    settle_lost "$1 does not exist on this host any more: nothing of it was undone"
    return
  fi
  kept_secret "$1" "$2"
  if [[ -n $REPLY && ! -e $REPLY ]]; then
    settle_lost "$1 stays as it is, since its former state is not kept any more: set it by hand"
  else
    thing_make "$1" "$2"
  fi
}

settle_lost() { # WHAT
  local SCOPE RESOURCE
  printf '%s\n' "$1" >&2
  IFS=/ read -r SCOPE RESOURCE <"$JOURNAL/resource"
  with_records_locked audit "$KIND_OF_CHANGE" "$1"
}

# Leaves the file with the secret of which a state is the digest; nothing where there is none.
kept_secret() { # KEY STATE
  REPLY=''
  [[ $2 != none ]] || return 0
  case $1 in
    'password '*) REPLY=$STATE/kept/shadow-${1#password }-$2 ;;
    'postgresql-password '*) REPLY=$STATE/kept/verifier-${1#postgresql-password }-$2 ;;
  esac
}
