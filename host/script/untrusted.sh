
# --- Untrusted directories: what root must read or relabel where another user can replace it --------------
#
# If root opened such a file by its full path, it would follow a link that a user planted a moment before. So the
# script reads it as a user who may read it anyhow, or as root from inside its directory, with a program that
# follows no link and waits for no pipe; and it relabels a tree as the tree's owner.

declare -A REPLACEABLE=() # directories in which, or above which, somebody else than root can change names

# Finds which directories of some files are replaceable, with one command for all.
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

# Prints what a log has after an offset; a log in a user's directory is read as that user.
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

# Gives a tree the SELinux labels that the policy has for it.
relabel_tree() { # PATH
  local directories=() owner directory
  resolve_directory "${1%/*}/"
  if [[ -n $WRITER ]]; then
    relabel_as "$WRITER" "$1"
    return
  fi
  # Directories that somebody else can write to, which root does not enter.
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

# A user can't relabel what others own in that user's tree.
relabel_as() { # USER PATH
  local AS_ENVIRONMENT=(${ROOT:+TRACKS_ROOT="$ROOT"})
  if known_account passwd "$1" && OUTPUT=$(as_user "$1" / restorecon -R "$ROOT$2" 2>&1 </dev/null); then return 0; fi
  note "not all SELinux labels below $2, which belongs to $1, match the policy. Fix, as root: restorecon -R $2"
}
