
# --- As another user: what lies in a user's own directories is made by that user, never by root ----------
#
# Root that writes where a user may plant a link writes wherever the user wants. So releases and
# virtualenvs are made by programs that run as their owner; root takes their word and their last lines.

AS_ENVIRONMENT=() # variables beyond the few that every program gets
AS_UMASK=022      # most of what is made is for nginx to read too

# Runs a command in a directory, in an environment as empty as a service's. stdin is the caller's.
as_user() { # USER DIRECTORY COMMAND...
  local user=$1 directory=$2 home
  shift 2
  home_of "$user"
  home=$REPLY
  (
    umask "$AS_UMASK"
    trap - TERM INT HUP PIPE
    cd /
    # shellcheck disable=SC2016 # the inner shell's words
    exec runuser -s /bin/sh -c 'cd -- "$1" && shift && exec env -i "$@"' "$user" -- \
      sh "$ROOT$directory" PATH="$PATH" HOME="$ROOT$home" USER="$user" LOGNAME="$user" LANG=C.UTF-8 \
      ${AS_ENVIRONMENT[@]+"${AS_ENVIRONMENT[@]}"} "$@"
  )
}

# Leaves the home of a user in REPLY.
home_of() { # USER
  local entry
  entry=$(getent passwd "$1") || fail "there is no user $1 on this host; make it first"
  IFS=: read -r _ _ _ _ _ REPLY _ <<<"$entry"
}

# Leaves the last lines of a text in REPLY, in one line: the reason stands there, the rest is noise.
last_lines() { # COUNT TEXT
  REPLY=$(printf '%s\n' "$2" | grep -v '^[[:space:]]*$' | tail -n "$1")
  REPLY=${REPLY//$'\n'/; }
}
