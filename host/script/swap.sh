
# --- Swap: candidates are prepared out of sight, then renamed to their paths ----------------------------

# Prepares every candidate with its owner, mode and SELinux label, in the store of its file system.
stage_changes() {
  local index stage made=' '
  for index in ${C_PATH[@]+"${!C_PATH[@]}"}; do
    existing_ancestor "${C_PATH[index]}"
    store_for "$REPLY"
    stage=$REPLY/stage/$SUBSYSTEM
    if [[ $made != *" $stage "* ]]; then
      journal_store "$REPLY"
      must "can't make $stage" mkdir -p -- "$stage"
      made+="$stage "
    fi
    C_STAGED[index]=none
    C_INODE[index]=none
    stage_change "$index" "$stage/$TRANSACTION-$index"
  done
}

stage_change() { # INDEX STAGED
  local path=${C_PATH[$1]} staged=$2 wanted=()
  read -r -a wanted <<<"${C_WANT[$1]}"
  case ${wanted[0]} in
    file) must "can't stage $path" install -T -o "${wanted[3]}" -g "${wanted[4]}" -m "${wanted[5]}" -- "${C_SOURCE[$1]}" "$staged" ;;
    symlink) must "can't stage $path" ln -s -- "${wanted[1]}" "$staged" ;;
    kept)
      if [[ ${wanted[1]} == "${staged%/stage/*}"/kept/* ]]; then
        # It is renamed directly from where it is kept: a former checkout may be large.
        staged=${wanted[1]}
      else
        must "can't stage $path" cp -a -- "${wanted[1]}" "$staged"
      fi
      ;;
    directory)
      # An existing directory stays; only its owner, mode and label are changed.
      [[ ${LIVE[$path]} != directory* ]] || return 0
      must "can't stage $path" mkdir -- "$staged"
      must "can't stage $path" chown "${wanted[1]}:${wanted[2]}" -- "$staged"
      must "can't stage $path" chmod "${wanted[3]}" -- "$staged"
      ;;
    *) return 0 ;;
  esac
  [[ ${wanted[0]} == kept ]] || label_candidate "$staged" "$path" "${C_TYPE[$1]}"
  C_STAGED[$1]=$staged
  C_INODE[$1]=$(stat -c %i -- "$staged")
}

# Removes what this run, or an interrupted one, has written and staged.
clear_candidates() { # SUBSYSTEM
  local store
  rm -rf -- "${STATE:?}/work/$1"
  while read -r store; do
    if is_store "$store" && [[ -d $store/stage/$1 ]]; then rm -rf -- "${store:?}/stage/$1"; fi
  done < <(
    printf '%s\n' "$STATE"
    cat -- "$STATE/stores" 2>/dev/null
  )
}

# Prints the changes in the order to make them: directories from the top, files, links, then what is removed.
swap_order() {
  local index
  for index in ${C_PATH[@]+"${!C_PATH[@]}"}; do
    case ${C_WANT[index]} in
      directory*) printf '1 %s %s\n' "${C_PATH[index]}" "$index" ;;
      file* | kept*) printf '2 %s %s\n' "${C_PATH[index]}" "$index" ;;
      symlink*) printf '3 %s %s\n' "${C_PATH[index]}" "$index" ;;
      absent) printf '4 %s %s\n' "${C_PATH[index]}" "$index" ;;
    esac
  done | sort
  for index in ${C_PATH[@]+"${!C_PATH[@]}"}; do
    [[ ${C_WANT[index]} != rmdir ]] || printf '5 %s %s\n' "${C_PATH[index]}" "$index"
  done | sort -r
}

C_SWAPPED=()
C_KEPT=() # where the present state of the path is kept, or none

# Makes all changes that are not made yet; before nginx's test, only the directories outside its tree.
swap_changes() { # [outside-directories]
  local path index due=()
  while read -r _ path index; do
    [[ ${C_SWAPPED[index]-no} == no ]] || continue
    if [[ ${1-} == outside-directories ]] && { [[ ${C_WANT[index]} != directory* ]] || in_nginx_tree "$path"; }; then
      continue
    fi
    due+=("$index")
  done < <(swap_order)
  ((${#due[@]} > 0)) || return 0
  for index in "${due[@]}"; do
    announce_change "$index"
  done
  # The swaps are renames: by then the candidates and the journal must be on the disk.
  settle
  for index in "${due[@]}"; do
    swap_change "$index"
    C_SWAPPED[index]=yes
  done
  cd /
}

announce_change() { # INDEX
  local path=${C_PATH[$1]} now=()
  read -r -a now <<<"${LIVE[$path]}"
  if [[ ${C_WANT[$1]} == rmdir ]]; then
    announce_step rmdir "$path" "${now[1]}" "${now[2]}" "${now[3]}" "${LIVE_TYPE[$path]}"
  elif changes_directory "$1"; then
    announce_step metadata "$path" "${now[1]}" "${now[2]}" "${now[3]}" "${LIVE_TYPE[$path]}"
  elif [[ -e $ROOT$path || -L $ROOT$path ]]; then
    announce_replacement "$1" present
  else
    announce_replacement "$1" absent
  fi
}

# Does it change only owner, mode or label of an existing directory?
changes_directory() { # INDEX
  [[ ${C_WANT[$1]} == directory* && ${C_STAGED[$1]} == none ]]
}

announce_replacement() { # INDEX absent|present
  local kept=none
  if [[ $2 == present ]]; then
    case ${C_KEEP[$1]} in
      no | drift)
        next_kept "${C_PATH[$1]}"
        kept=${REPLY#kept }
        ;;
      *) kept=${C_KEEP[$1]} ;;
    esac
  fi
  C_KEPT[$1]=$kept
  announce_step swap "${C_PATH[$1]}" "$kept" "${C_INODE[$1]}" "${C_STAGED[$1]}"
}

swap_change() { # INDEX
  local path=${C_PATH[$1]} want=${C_WANT[$1]}
  if [[ $want == rmdir ]]; then
    remove_directory "$path"
  elif changes_directory "$1"; then
    change_directory "$path" "$want" "${C_TYPE[$1]}"
  else
    replace_path "$1"
  fi
}

replace_path() { # INDEX
  local path=${C_PATH[$1]} staged=${C_STAGED[$1]} kept=${C_KEPT[$1]} name=${C_PATH[$1]##*/} before=absent
  enter_directory "${path%/*}"
  # Directories are shared: a run of another subsystem may have just made this one.
  if [[ ${C_WANT[$1]} == directory* && -d $name && ! -L $name ]]; then
    join_directory "$1"
    return
  fi
  if [[ -e $name || -L $name ]]; then before=present; fi
  # The path may have changed since it was announced.
  if [[ $before == absent ]]; then
    kept=none
  elif [[ $kept == none ]]; then
    [[ ${C_KEEP[$1]} != no ]] || C_KEEP[$1]=drift
    announce_replacement "$1" present
    kept=${C_KEPT[$1]}
    settle
  fi
  if [[ -d $name && ! -L $name ]]; then
    must "can't move $path aside" mv -T -- "$name" "$kept"
  elif [[ $before == present ]]; then
    must "can't keep $path" ln -P -- "$name" "$kept"
  fi
  # A directory can't be renamed over a file.
  if [[ $before == present && -d $staged ]]; then must "can't remove $path" rm -f -- "$name"; fi
  if [[ $staged != none ]]; then
    must "can't move the new $path in place" mv -fT -- "$staged" "$name"
  else
    must "can't remove $path" rm -f -- "$name"
  fi
  tell_replaced "$1" "$before" "$kept"
}

# The content of the directory stays; only its owner, mode and label are changed.
join_directory() { # INDEX
  local path=${C_PATH[$1]}
  must "can't clear ${C_STAGED[$1]}" rmdir -- "${C_STAGED[$1]}"
  observe "$path"
  if [[ ${LIVE[$path]} != "${C_WANT[$1]}" ]]; then
    local now=()
    read -r -a now <<<"${LIVE[$path]}"
    step metadata "$path" "${now[1]}" "${now[2]}" "${now[3]}" "${LIVE_TYPE[$path]}"
    change_directory "$path" "${C_WANT[$1]}" "${C_TYPE[$1]}"
  fi
}

tell_replaced() { # INDEX absent|present KEPT
  local path=${C_PATH[$1]} wanted=()
  read -r -a wanted <<<"${C_WANT[$1]}"
  case ${wanted[0]} in
    absent) changed "removed $path" ;;
    kept)
      changed "restored $path as it was before"
      printf '%s\n' "${wanted[1]}" >>"$JOURNAL/discard"
      ;;
    *) if [[ $2 == absent ]]; then changed "created ${wanted[0]} $path"; else changed "changed ${wanted[0]} $path"; fi ;;
  esac
  case ${C_KEEP[$1]} in
    no)
      # Files that others put into a directory of ours must not get lost.
      if [[ -d $3 && ! -L $3 && -n $(find "$3" -mindepth 1 -print -quit) ]]; then
        changed "kept $path with what was in it: $3"
      elif [[ $3 != none ]]; then
        printf '%s\n' "$3" >>"$JOURNAL/discard"
      fi
      ;;
    drift) [[ $3 == none ]] || changed "kept $path as it was edited by hand: $3" ;;
    *) changed "kept $path as it was before: $3" ;;
  esac
}

# Sets owner, mode and label of a directory from inside it: its name may lead elsewhere a moment later.
change_directory() { # PATH "directory OWNER GROUP MODE" TYPE
  local wanted=()
  read -r -a wanted <<<"$2"
  set_metadata "$1" "${wanted[1]}" "${wanted[2]}" "${wanted[3]}" "$3"
  changed "changed directory $1 (${wanted[*]:1})"
}

set_metadata() { # PATH OWNER GROUP MODE TYPE
  enter_directory "$1"
  must "can't change the owner of $1" chown "$2:$3" .
  must "can't change the mode of $1" chmod "$4" .
  [[ $5 == - ]] || set_label . "$5" "$1"
}

# Removes a directory that we made when it is empty; logs and other data stay where they are.
remove_directory() { # PATH
  enter_directory "${1%/*}"
  if attempt rmdir -- "${1##*/}"; then
    changed "removed directory $1"
  else
    note "$1 stays: it is not empty"
  fi
}

# --- Undoing ------------------------------------------------------------------------------------------

undo_swap() { # PATH KEPT INODE STAGED
  local path=$1 kept=$2 inode=$3 name=${1##*/} live=none
  if [[ ! -d $ROOT${path%/*} ]]; then
    [[ $kept == none || ! -e $kept ]] || fail "can't restore $path, since its directory ${path%/*} does not exist any more: create it; $path is kept in $kept"
    return 0
  fi
  enter_directory "${path%/*}"
  if [[ -e $name || -L $name ]]; then live=$(stat -c %i -- "./$name"); fi
  # A kept file that was restored goes back to where it was kept.
  if [[ ${4-} == */kept/* && $live == "$inode" && ! -e $4 && ! -L $4 ]]; then
    must "can't move $path back to $4" mv -T -- "$name" "$4"
    live=none
  fi
  if [[ $kept == none ]] || [[ ! -e $kept && ! -L $kept ]]; then
    # Nothing was at the path, or the swap was not made: then what is there now, if anything, is somebody else's.
    [[ $live != "$inode" || $live == none ]] || take_away "$name" "$path"
    return 0
  fi
  if [[ $live == "$(stat -c %i -- "$kept")" ]]; then
    must "can't clear $kept" rm -f -- "$kept"
    return 0
  fi
  if [[ $live != none && $live != "$inode" ]]; then
    must "can't keep $path" mv -T -- "$name" "$kept.later"
    printf '%s\n' "somebody has changed $path since the interrupted run: that version is kept in $kept.later" >&2
  elif [[ $live != none ]] && { [[ -d $kept && ! -L $kept ]] || [[ -d $name && ! -L $name ]]; }; then
    # rename(2) replaces no file by a directory, and no directory by a file.
    take_away "$name" "$path"
  fi
  must "can't restore $path" mv -fT -- "$kept" "$name"
}

# Removes what this run has made. In a directory, a service may have opened its logs by now: empty ones are
# removed, others stay, and so does the directory.
take_away() { # NAME PATH
  if [[ ! -d $1 || -L $1 ]]; then
    must "can't remove $2" rm -f -- "$1"
    return
  fi
  # From inside: its name may lead to another directory a moment later.
  (
    enter_directory "$2"
    find . -maxdepth 1 -type f -size 0 -delete
  ) 2>/dev/null
  attempt rmdir -- "$1" || printf '%s\n' "$2 stays: there are files in it" >&2
}

undo_metadata() { # PATH OWNER GROUP MODE TYPE
  [[ ! -d $ROOT$1 ]] || set_metadata "$@"
}

undo_rmdir() { # PATH OWNER GROUP MODE TYPE
  local staged
  [[ ! -e $ROOT$1 ]] || return 0
  existing_ancestor "$1"
  store_for "$REPLY"
  staged=$REPLY/stage/undo-$$
  must "can't make $staged" mkdir -p -- "$staged"
  must "can't change the owner of $staged" chown "$2:$3" -- "$staged"
  must "can't change the mode of $staged" chmod "$4" -- "$staged"
  [[ $5 == - ]] || set_label "$staged" "$5" "$1"
  enter_directory "${1%/*}"
  must "can't restore $1" mv -T -- "$staged" "${1##*/}"
}
