
# --- Directories: entered without following a link that another user could have planted ----------------
#
# A user who may write a directory may at any moment put a link where root is about to write. So
# work in such a place is done by names relative to a directory that was entered, and whose real path
# was asked for afterwards; candidates lie in a store that is root's alone, and rename(2), which
# replaces a link and never follows it, puts them in place.

CHAIN=() # a path and all its ancestors, the root first
LINKS=() # those that led to the directory that was resolved last, each by its real path
WRITER='' # who besides root may change the directory that was resolved last, or one above it

ancestors() { # PATH
  local path=${1%/}
  CHAIN=()
  while :; do
    CHAIN=("${path:-/}" ${CHAIN[@]+"${CHAIN[@]}"})
    [[ -n $path ]] || break
    path=${path%/*}
  done
}

# Leaves the directory's path without links in REPLY. A link is followed where only root could have
# made it; fails on any other.
resolve_directory() { # DIRECTORY
  local directory=$1 hop name kind uid owner mode shown target rest count planter
  LINKS=()
  for ((hop = 0; hop < 8; hop++)); do
    ancestors "$directory"
    WRITER=''
    planter=''
    count=0
    while IFS='|' read -r name kind uid owner mode shown; do
      name=${name#"$ROOT"}
      count=$((count + 1))
      if [[ $kind == 'symbolic link' ]]; then
        # In a directory such as /tmp a name is safe from others, and yet anybody may have made it.
        ((uid == 0)) || WRITER=${WRITER:-$planter}
        [[ -z $WRITER ]] || fail "$name is a symbolic link in a place that $WRITER may write; nothing is written through it: put a directory there"
        shown=${shown#* -> }
        target=${shown:1:${#shown}-2}
        rest=${directory#"$name"}
        LINKS+=("$name")
        [[ $target == /* ]] || target=${name%/*}/$target
        normalise "$target$rest"
        directory=$REPLY
        continue 2
      fi
      [[ $kind == directory ]] || fail "$name is a ${kind}, not a directory"
      if ((uid != 0)); then
        WRITER=$owner
      elif ((8#$mode & 0022)); then
        planter='a group or everybody'
        ((8#$mode & 01000)) || WRITER=$planter
      fi
    done < <(stat -c '%n|%F|%u|%U|%a|%N' -- "${CHAIN[@]/#/$ROOT}" 2>/dev/null)
    ((count == ${#CHAIN[@]})) || fail "the directory $directory does not exist"
    REPLY=$directory
    return
  done
  fail "$1: too many symbolic links"
}

# Leaves the real path of a directory, and of the links to it in LINKS, as far as only root can have made
# them; else the directory as it is.
real_directory() { # DIRECTORY
  LINKS=()
  if (resolve_directory "$1") 2>/dev/null; then resolve_directory "$1"; else REPLY=$1; fi
}

# Takes . and .. out of a path whose directories are real.
normalise() { # PATH
  local part rest=$1 result=''
  while [[ -n $rest ]]; do
    part=${rest%%/*}
    rest=${rest#"$part"}
    rest=${rest#/}
    case $part in
      '' | .) ;;
      ..) result=${result%/*} ;;
      *) result+=/$part ;;
    esac
  done
  REPLY=${result:-/}
}

# Goes into a directory; from there on, names relative to it can't lead elsewhere.
enter_directory() { # DIRECTORY
  resolve_directory "${1:-/}"
  local real=$ROOT$REPLY
  [[ $REPLY != / ]] || real=${ROOT:-/}
  cd -P -- "$real" 2>/dev/null || fail "can't enter $1"
  [[ $(pwd -P) == "$real" ]] || fail "$1 was replaced while it was being entered; nothing was written"
}

# Leaves the nearest ancestor that exists.
existing_ancestor() { # PATH
  REPLY=${1%/*}
  while [[ -n $REPLY && ! -d $ROOT$REPLY ]]; do
    REPLY=${REPLY%/*}
  done
  REPLY=${REPLY:-/}
}

# --- Stores: where candidates wait and where things are kept, on the file system of their target -------

MOUNTS=' '
declare -A STORES=() # store of the directories that were asked for

# The kernel writes its tables anew for each read, and bash goes back to the end of each line that it has
# read from a file: in a table that changed meanwhile, that is the middle of another line. So cat reads all
# of them. It reads mounts twice, since one is passed over where another before it goes (Linux before 5.8).
load_mounts() {
  local fields=()
  [[ $MOUNTS == ' ' ]] || return 0
  while read -r -a fields; do
    MOUNTS+="${fields[4]} "
  done < <(cat /proc/self/mountinfo /proc/self/mountinfo)
}

# Leaves the top directory of the file system that an existing directory lies on. A mount point ends it
# even where the device stays the same: rename(2) does not cross a bind mount.
filesystem_top() { # REAL-DIRECTORY
  local device name upper='' upper_device='' top=/
  load_mounts
  ancestors "$1"
  while read -r device name; do
    if [[ -z $upper || $device != "$upper_device" || $MOUNTS == *" $name "* ]]; then top=$name; fi
    upper=$name
    upper_device=$device
  done < <(stat -c '%d %n' -- "${CHAIN[@]}")
  REPLY=$top
}

# Leaves the mount point that a path lies on, or / for one that has no file system of its own.
mount_of() { # PATH
  local place
  existing_ancestor "${1%/}/."
  cd -P -- "$ROOT$REPLY" 2>/dev/null || cd /
  place=$PWD
  cd /
  load_mounts
  while [[ $place == "$ROOT"/?* && $MOUNTS != *" $place "* ]]; do
    place=${place%/*}
  done
  REPLY=/
  [[ $place != "$ROOT"/?* ]] || REPLY=${place#"$ROOT"}
}

# Remembers the file systems that carry what the manifest names.
note_mounts() {
  local index key place seen=' / '
  for index in ${E_KIND[@]+"${!E_KIND[@]}"}; do
    for key in path home shared backups; do
      place=${E_PATH[index]}
      if [[ $key != path ]]; then
        attribute "$index" "$key" -
        place=$REPLY
      fi
      [[ $place == /?* ]] || continue
      mount_of "$place"
      [[ $seen != *" $REPLY "* ]] || continue
      seen+="$REPLY "
      FACTS+=("mount $REPLY")
    done
  done
}

# Fails when one of those is not there: everything would be made a second time where it was mounted.
check_mounts() {
  local mount
  while read -r _ mount; do
    if has_store "$mount"; then
      is_store "$ROOT$mount/.tracks" \
        || fail "the file system of $mount is not there: it had the directory $mount/.tracks, and files of $SCOPE. Nothing was touched. Mount it: mount $mount. $(forget_mount "$mount")"
    else
      is_mounted "$mount" \
        || fail "$mount is not mounted: it was a file system of its own, with files of $SCOPE. Nothing was touched. Mount it: mount $mount. $(forget_mount "$mount")"
    fi
  done < <(grep -h '^mount ' -- "$STATE/resources/$SCOPE"/*/facts 2>/dev/null | sort -u)
}

forget_mount() { # MOUNT
  printf '%s' "Is it gone for good, with all that was on it? Then: sed -i '\\|^mount $1\$|d' $STATE/resources/$SCOPE/*/facts"
}

# Was a store made at the top of a file system? It tells that one from another that is mounted there, and
# is found again where its content was moved to.
has_store() { # MOUNT
  [[ -e $STATE/stores ]] && grep -qxF -- "$ROOT$1/.tracks" "$STATE/stores"
}

is_mounted() { # DIRECTORY
  # An automounter mounts it when it is looked into.
  [[ -e $ROOT$1/. ]] || return 1
  MOUNTS=' '
  load_mounts
  [[ $MOUNTS == *" $ROOT$1 "* ]]
}

# Leaves the store for what lies in an existing directory: the state directory itself where that is on
# the same file system, else a directory of root at its top.
store_for() { # DIRECTORY
  if [[ -z ${STORES[$1]-} ]]; then
    find_store "$1"
    STORES[$1]=$REPLY
  fi
  REPLY=${STORES[$1]}
}

find_store() { # DIRECTORY
  local store
  other_filesystem "$1"
  if [[ -z $REPLY ]]; then
    REPLY=$STATE
    return
  fi
  store=$ROOT$REPLY/.tracks
  if [[ ! -e $store && ! -L $store ]]; then
    must "can't make $store" mkdir -- "$store"
    printf '%s\n' "$store" >>"$STATE/stores" || fail "can't write $STATE/stores: is the file system full?"
  fi
  is_store "$store" || fail "$store must be a directory of root with mode 0700: somebody else made it; move it away"
  must "can't make $store" mkdir -p -- "$store/kept" "$store/stage"
  REPLY=$store
}

# Leaves the top directory of the file system that an existing directory lies on, or nothing where that is
# the state directory's, which may not be there yet. Fails where another user may write the top.
other_filesystem() { # DIRECTORY
  local top
  filesystem_top "$STATE" 2>/dev/null
  top=$REPLY
  resolve_directory "$1"
  filesystem_top "$ROOT${REPLY%/}"
  if [[ $REPLY == "$top" ]]; then
    REPLY=''
    return
  fi
  top=${REPLY#"$ROOT"}
  resolve_directory "$top"
  [[ -z $WRITER ]] || refuse_top "$top" "$1"
  REPLY=$top
}

# A home has to stay its owner's: there the file system has to be mounted above it.
refuse_top() { # TOP DIRECTORY
  local advice="chown root $1; chmod go-w $1" entry home=''
  entry=$(getent passwd "$WRITER") && IFS=: read -r _ _ _ _ _ home _ <<<"$entry"
  if [[ $home == "$1" ]]; then
    advice="$1 is the home of $WRITER and has to stay so: mount its file system at ${1%/*}, with $1 as a directory on it"
  fi
  fail "$1, the top of the file system of $2, may be written by $WRITER: nothing can be staged there safely; $advice"
}

# In a place where everybody may make a directory, such as /tmp, another user may have been first.
is_store() { # DIRECTORY
  [[ $(stat -c '%F %u %a' -- "$1" 2>/dev/null) == 'directory 0 700' ]]
}
