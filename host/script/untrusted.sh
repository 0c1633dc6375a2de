
# --- Untrusted places: what root has to read or relabel where another user may replace it -----------------
#
# By name, root would follow whatever link is planted a moment later. So a file there is read by a user who
# could read it anyhow, or from inside its directory, by a program that follows no link and waits for no pipe;
# and a tree is relabelled by the user that it belongs to.

declare -A REPLACEABLE=() # directories in which, or above which, somebody besides root may change names

# Works out which directories of some files are such; one question for all.
find_replaceable() { # FILE...
  local name kind uid mode directory parent
  local -A seen=() open=()
  for name in "$@"; do
    directory=${name%/*}
    while [[ $directory == "$ROOT"/* && -z ${seen[$directory]-} ]]; do
      seen[$directory]=yes
      directory=${directory%/*}
    done
  done
  REPLACEABLE=()
  ((${#seen[@]} > 0)) || return 0
  while IFS='|' read -r name kind uid mode; do
    [[ $kind == directory && $uid == 0 ]] && ((!(8#$mode & 0022))) || open[$name]=yes
  done < <(stat -c '%n|%F|%u|%a' -- "${!seen[@]}" 2>/dev/null)
  for directory in "${!seen[@]}"; do
    parent=$directory
    while [[ -n $parent && -z ${open[$parent]-} ]]; do parent=${parent%/*}; done
    [[ -z $parent ]] || REPLACEABLE[$directory]=yes
  done
}

# Prints the digest of a file in such a directory.
sum_inside() { # PATH
  (
    enter_directory "${1%/*}"
    dd if="./${1##*/}" iflag=nofollow,nonblock bs=65536 count=$((LARGEST_FILE / 65536)) | sha256sum
  ) 2>/dev/null
}

# Prints what a log has behind an offset: root's own as it is, one in a user's directory as that user reads it.
print_log() { # FILE OFFSET
  (
    resolve_directory "${1%/*}"
    if [[ -z $WRITER && ! -k $ROOT$REPLY ]]; then
      tail -c "+$(($2 + 1))" -- "$ROOT$1"
    elif [[ -n $WRITER ]]; then
      as_user "$WRITER" "$REPLY" dd if="./${1##*/}" iflag=nofollow,nonblock bs=65536 skip=$(($2 / 65536)) </dev/null \
        | tail -c "+$(($2 % 65536 + 1))"
    fi
  ) 2>/dev/null
}

# Gives a tree the labels that the policy has for it.
relabel_tree() { # PATH
  local directories=() owner directory
  resolve_directory "${1%/*}/"
  if [[ -n $WRITER ]]; then
    relabel_as "$WRITER" "$1"
    return
  fi
  # Where somebody else may write, and nothing of it is root's to walk through.
  local -a writable=(-type d '(' ! -uid 0 -o -perm -0020 -o -perm -0002 ')')
  while IFS='|' read -r -d '' owner directory; do
    directories+=("$owner|${directory#"$ROOT"}")
  done < <(find "$ROOT$1" "${writable[@]}" -prune -printf '%u|%p\0')
  if ((${#directories[@]} == 0)); then
    must "can't relabel $1" restorecon -R "$ROOT$1"
    return
  fi
  OUTPUT=$(find "$ROOT$1" -print0 "${writable[@]}" -prune | xargs -0 -r restorecon 2>&1) || fail "can't relabel $1: $OUTPUT"
  for directory in "${directories[@]}"; do
    relabel_as "${directory%%|*}" "${directory#*|}"
  done
}

# What others own in a user's tree that user can't relabel.
relabel_as() { # USER PATH
  local AS_ENVIRONMENT=(${ROOT:+TRACKS_ROOT="$ROOT"})
  if known_account passwd "$1" && OUTPUT=$(as_user "$1" / restorecon -R "$ROOT$2" 2>&1 </dev/null); then return 0; fi
  note "the SELinux labels below $2, which belongs to $1, are not all as the policy has them: as root, restorecon -R $2"
}
