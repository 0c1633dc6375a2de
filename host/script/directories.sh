
# --- Directories: entered without following a link that another user could have planted ----------------
#
# A user who can write to a directory can at any moment put a link where root is about to write. So
# this script enters such a directory, then checks its real path, and uses names relative to it;
# candidates are in a directory of root, and rename(2), which replaces a link and never follows it,
# moves them to their paths.

CHAIN=() # a path and all its ancestors, the root first
LINKS=() # those that led to the directory that was resolved last, each by its real path
WRITER='' # who else than root can change the directory that was resolved last, or one above it

ancestors() { # PATH
  local path=${1%/}
  CHAIN=()
  while :; do
    CHAIN=("${path:-/}" ${CHAIN[@]+"${CHAIN[@]}"})
    [[ -n $path ]] || break
    path=${path%/*}
  done
}

# Leaves the directory's path without links in REPLY. Follows a link that only root could have made; fails on
# any other.
resolve_directory() { # DIRECTORY
  local directory=$1 hop name kind uid owner mode count planter
  LINKS=()
  for ((hop = 0; hop < 8; hop++)); do
    ancestors "$directory"
    WRITER=''
    planter=''
    count=0
    while IFS='|' read -r kind uid owner mode; do
      name=${CHAIN[count]}
      count=$((count + 1))
      if [[ $kind == 'symbolic link' ]]; then
        # In a directory such as /tmp nobody else can replace a name, but any user may have made it.
        ((uid == 0)) || WRITER=${WRITER:-$planter}
        [[ -z $WRITER ]] || fail "$name is a symbolic link in a directory that $WRITER can write to, so root does not follow it: replace the link by a directory"
        LINKS+=("$name")
        follow_link "$directory" "$name"
        directory=$REPLY
        continue 2
      fi
      [[ $kind == directory ]] || fail "$name is a ${kind}, not a directory"
      if ((uid != 0)); then
        WRITER=$owner
      elif ((8#$mode & 0022)); then
        planter='a group or every user'
        ((8#$mode & 01000)) || WRITER=$planter
      fi
    done < <(stat -c '%F|%u|%U|%a' -- "${CHAIN[@]/#/$ROOT}" 2>/dev/null)
    ((count == ${#CHAIN[@]})) || fail "the directory $directory does not exist"
    REPLY=$directory
    return
  done
  fail "$1: too many symbolic links"
}

# Leaves a path with one link in it replaced by what that points to.
follow_link() { # PATH LINK
  local target
  target=$(readlink -- "$ROOT$2") || fail "can't read the symbolic link $2"
  [[ $target == /* ]] || target=${2%/*}/$target
  normalise "$target${1#"$2"}"
}

# Leaves the real path of a directory, and in LINKS the links to it, if only root can have made them; else the
# path as given.
real_directory() { # DIRECTORY
  LINKS=()
  if (resolve_directory "$1") 2>/dev/null; then resolve_directory "$1"; else REPLY=$1; fi
}

# Leaves a path of real directories without . and ..
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

# Enters a directory; from then on, names relative to it can't lead elsewhere.
enter_directory() { # DIRECTORY
  resolve_directory "${1:-/}"
  local real=$ROOT$REPLY
  [[ $REPLY != / ]] || real=${ROOT:-/}
  cd -P -- "$real" 2>/dev/null || fail "can't enter $1"
  [[ $(pwd -P) == "$real" ]] || fail "$1 was replaced while this run entered it; nothing was written. Run this again"
}

# Leaves the nearest ancestor that exists.
existing_ancestor() { # PATH
  REPLY=${1%/*}
  while [[ -n $REPLY && ! -d $ROOT$REPLY ]]; do
    REPLY=${REPLY%/*}
  done
  REPLY=${REPLY:-/}
}

# --- Stores: directories for candidates and for kept files, on the file system of their target ---------

MOUNTS=' '
declare -A STORES=() # store of each directory, once looked up

# The kernel generates its tables again for each read, and bash seeks back to the end of each line that it has
# read from a file: in a table that changed meanwhile, that is the middle of another line. So cat reads the
# table, and twice, since a read may skip a mount when one before it is unmounted (Linux before 5.8).
load_mounts() {
  local fields=()
  [[ $MOUNTS == ' ' ]] || return 0
  while read -r -a fields; do
    MOUNTS+="${fields[4]} "
  done < <(cat /proc/self/mountinfo /proc/self/mountinfo)
}

# Leaves the top directory of the file system of an existing directory. A mount point is a top even where
# the device is the same: rename(2) does not cross a bind mount.
filesystem_top() { # REAL-DIRECTORY
  local device name upper='' upper_device='' top=/ index=0
  load_mounts
  ancestors "$1"
  while read -r device; do
    name=${CHAIN[index]}
    if [[ -z $upper || $device != "$upper_device" || $MOUNTS == *" $name "* ]]; then top=$name; fi
    upper=$name
    upper_device=$device
    index=$((index + 1))
  done < <(stat -c %d -- "${CHAIN[@]}")
  REPLY=$top
}

# Leaves the mount point above a path, or / where there is none.
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

# Remembers the file systems of the paths in the manifest.
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

# Fails when one of them is not mounted: this run would create everything again in the bare mount point.
check_mounts() {
  local mount
  while read -r _ mount; do
    if has_store "$mount"; then
      is_store "$ROOT$mount/.tracks" \
        || fail "the file system of $mount is not mounted: it had the directory $mount/.tracks, and files of $SCOPE. Nothing was touched. Mount it, as root: mount $mount. $(forget_mount "$mount")"
    else
      is_mounted "$mount" \
        || fail "$mount is not mounted: it was a file system of its own, with files of $SCOPE. Nothing was touched. Mount it, as root: mount $mount. $(forget_mount "$mount")"
    fi
  done < <(grep -h '^mount ' -- "$STATE/resources/$SCOPE"/*/facts 2>/dev/null | sort -u)
}

forget_mount() { # MOUNT
  printf '%s' "If it is lost for good, with everything on it, run as root: sed -i '\\|^mount $1\$|d' $STATE/resources/$SCOPE/*/facts"
}

# Was a store made at the top of a file system? It tells that file system from another one that is mounted
# there, and is found again after its content was moved.
has_store() { # MOUNT
  [[ -e $STATE/stores ]] && grep -qxF -- "$ROOT$1/.tracks" "$STATE/stores"
}

is_mounted() { # DIRECTORY
  # Reading the directory makes an automounter mount it.
  [[ -e $ROOT$1/. ]] || return 1
  MOUNTS=' '
  load_mounts
  [[ $MOUNTS == *" $ROOT$1 "* ]]
}

# Leaves the store for the files of an existing directory: the state directory where that is on the same
# file system, else a directory of root at the top of the file system.
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
  store=$ROOT${REPLY%/}/.tracks
  [[ -e $store || -L $store ]] || must "can't make $store" mkdir -- "$store"
  is_store "$store" || fail "$store must be a directory of root with mode 0700, but somebody else made it. As root, move it away: mv $store $store.old"
  # Asked each time: a power cut may leave the directory without its line.
  grep -qxF -- "$store" "$STATE/stores" 2>/dev/null || printf '%s\n' "$store" >>"$STATE/stores" \
    || fail "can't write $STATE/stores: is the file system full?"
  must "can't make $store" mkdir -p -- "$store/kept" "$store/stage"
  REPLY=$store
}

# Leaves the top directory of the file system of an existing directory, or nothing where that is the file system
# of the state directory, which may not exist yet. Fails where another user can write to the top.
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

# A home must stay its owner's: there the file system must be mounted above it.
refuse_top() { # TOP DIRECTORY
  local advice="as root, run: chown root $1; chmod go-w $1" entry home=''
  entry=$(getent passwd "$WRITER") && IFS=: read -r _ _ _ _ _ home _ <<<"$entry"
  if [[ $home == "$1" ]]; then
    advice="$1 is the home of $WRITER and must stay so: mount its file system at ${1%/*}, with $1 as a directory on it"
  fi
  fail "$WRITER can write to $1, the top of the file system of $2: root can't safely prepare files there; $advice"
}

# Where every user can make a directory, such as in /tmp, another user may have been first.
is_store() { # DIRECTORY
  [[ $(stat -c '%F %u %a' -- "$1" 2>/dev/null) == 'directory 0 700' ]]
}
