
# --- Secret key: generated once on the host, readable only by its owner -----------------------------------

# Django's SECRET_KEY signs sessions: it survives every release and a destroy, and is never replaced. Only an empty
# file, which a power cut may have left, is not a key.
converge_secret_key() {
  local index owner what='generated the secret key'
  only_entry secret-key || return 0
  index=$REPLY
  attribute "$index" owner -
  owner=$REPLY
  local path=${E_PATH[index]}
  [[ -d $ROOT${path%/*} ]] || fail "$path: its directory does not exist: create it first (mkdir ${path%/*})"
  if [[ ! -s $ROOT$path ]]; then
    [[ ! -e $ROOT$path ]] || what='replaced the empty secret key'
    # link(2) never replaces a file, and the key is on the disk by then.
    # shellcheck disable=SC2016
    OUTPUT=$(as_user "$owner" "${path%/*}" sh -c '
      set -e
      umask 077
      rm -f ".$1.new"
      head -c 48 /dev/urandom | base64 | tr -d "\n" | dd of=".$1.new" conv=fsync 2>/dev/null
      [ "$(wc -c <".$1.new")" = 64 ] || { echo "it was not written completely; is the file system full?"; exit 1; }
      chmod 0400 ".$1.new"
      if [ -f "$1" ] && [ ! -L "$1" ] && [ ! -s "$1" ]; then rm -f "$1"; fi
      ln ".$1.new" "$1"
      rm -f ".$1.new"
    ' sh "${path##*/}" 2>&1 </dev/null) || fail "can't generate $path: $OUTPUT"
    changed "$what $path"
  fi
  FACTS+=("thing secret-key $path${TAB}present")
}

state_secret_key() { # PATH
  if [[ -s $ROOT$1 ]]; then REPLY=present; else REPLY=absent; fi
}
