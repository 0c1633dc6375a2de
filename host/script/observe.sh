
# --- Observing: the state of many paths in two commands -----------------------------------------------
#
# The state of a path is one string, so that wanted and present state can be compared:
#   file SIZE SHA256 OWNER GROUP MODE | directory OWNER GROUP MODE | symlink TARGET | other KIND | absent

# Larger files can't be ours. They are not read, so that no user can keep the probe busy with one.
readonly LARGEST_FILE=$((4 * 1024 * 1024))

declare -A LIVE=() LIVE_TYPE=()

observe() { # PATH...
  local path name kind size owner group mode context shown type readable=()
  local -A partial=()
  (($# > 0)) || return 0
  for path in "$@"; do
    LIVE[$path]=absent
    LIVE_TYPE[$path]=-
  done
  local format='%n|%F|%s|%U|%G|%a|-|%N'
  if selinux_enabled; then format='%n|%F|%s|%U|%G|%a|%C|%N'; fi

  while IFS='|' read -r name kind size owner group mode context shown; do
    path=${name#"$ROOT"}
    printf -v mode '%04d' "$mode"
    type=${context#*:*:}
    type=${type%%:*}
    # On a file system that stores no labels a file has none of its own.
    case $type in '?' | nfs_t | cifs_t | dosfs_t | fusefs_t) type=- ;; esac
    LIVE_TYPE[$path]=$type
    case $kind in
      'regular file' | 'regular empty file')
        LIVE[$path]="file $size large $owner $group $mode"
        if ((size <= LARGEST_FILE)); then
          readable+=("$name")
          partial[$name]="$owner $group $mode"
          LIVE[$path]="file $size"
        fi
        ;;
      directory) LIVE[$path]="directory $owner $group $mode" ;;
      'symbolic link')
        shown=${shown#* -> }
        LIVE[$path]="symlink ${shown:1:${#shown}-2}"
        ;;
      *) LIVE[$path]="other ${kind// /-}" ;;
    esac
  done < <(stat -c "$format" -- "${@/#/$ROOT}" 2>/dev/null)

  ((${#readable[@]} > 0)) || return 0
  local digest safe=()
  find_replaceable "${readable[@]}"
  for name in "${readable[@]}"; do
    if [[ -z ${REPLACEABLE[${name%/*}]-} ]]; then
      safe+=("$name")
    else
      path=${name#"$ROOT"}
      digest=$(sum_inside "$path")
      digest=${digest%% *}
      LIVE[$path]+=" ${digest:-unreadable} ${partial[$name]}"
    fi
  done
  ((${#safe[@]} > 0)) || return 0
  while read -r digest name; do
    path=${name#"$ROOT"}
    LIVE[$path]+=" $digest ${partial[$name]}"
  done < <(sha256sum -- "${safe[@]}" 2>/dev/null)
}

# Leaves in words how a path differs from the wanted state; empty when it doesn't.
difference() { # WANTED LIVE WANTED-TYPE LIVE-TYPE
  local wanted=() now=()
  read -r -a wanted <<<"$1"
  read -r -a now <<<"$2"
  REPLY=''
  if [[ $1 != "$2" ]]; then
    if [[ ${wanted[0]} != "${now[0]}" ]]; then
      case "${wanted[0]} ${now[0]}" in
        *' absent') REPLY='is missing' ;;
        'absent '*) REPLY="there is a ${now[0]}, which must not be there" ;;
        *) REPLY="is a ${now[0]}, not a ${wanted[0]}" ;;
      esac
      return
    fi
    case ${wanted[0]} in
      symlink) REPLY="points to ${now[*]:1}" ;;
      file)
        [[ ${wanted[*]:1:2} == "${now[*]:1:2}" ]] || REPLY='content differs'
        metadata_difference "${wanted[*]:3}" "${now[*]:3}"
        ;;
      directory) metadata_difference "${wanted[*]:1}" "${now[*]:1}" ;;
    esac
  fi
  if [[ $3 != - && $4 != - && $3 != "$4" ]]; then
    REPLY+="${REPLY:+, }SELinux type is $4, not $3"
  fi
}

metadata_difference() { # "OWNER GROUP MODE" "OWNER GROUP MODE"; adds to REPLY
  local names=(owner group mode) wanted=() now=() index
  read -r -a wanted <<<"$1"
  read -r -a now <<<"$2"
  for index in 0 1 2; do
    [[ ${wanted[index]} == "${now[index]-}" ]] \
      || REPLY+="${REPLY:+, }${names[index]} is ${now[index]-}, not ${wanted[index]}"
  done
}
