
# --- Secret key: made once on the host, and read by nobody but its owner ---------------------------------

# Django's SECRET_KEY signs sessions: it outlives every release and a destroy, and is never replaced.
converge_secret_key() {
  local index owner
  only_entry secret-key || return 0
  index=$REPLY
  attribute "$index" owner -
  owner=$REPLY
  local path=${E_PATH[index]}
  [[ -d $ROOT${path%/*} ]] || fail "$path: its directory does not exist: make it first"
  if [[ ! -e $ROOT$path ]]; then
    # link(2) never replaces what is there.
    # shellcheck disable=SC2016
    OUTPUT=$(as_user "$owner" "${path%/*}" sh -c '
      set -e
      umask 077
      rm -f ".$1.new"
      head -c 48 /dev/urandom | base64 | tr -d "\n" >".$1.new"
      chmod 0400 ".$1.new"
      ln ".$1.new" "$1"
      rm -f ".$1.new"
    ' sh "${path##*/}" 2>&1 </dev/null) || fail "can't make $path: $OUTPUT"
    changed "made the secret key $path"
  fi
  FACTS+=("thing secret-key $path${TAB}present")
}

state_secret_key() { # PATH
  if [[ -e $ROOT$1 ]]; then REPLY=present; else REPLY=absent; fi
}
