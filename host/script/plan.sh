
# --- Plan: which paths change, and how -----------------------------------------------------------------
#
# A wanted state is written like an observed one, or as `kept FILE`: what was at the path before us.

# The changes, one index each.
C_PATH=() C_WANT=() C_TYPE=() C_SOURCE=() C_CHECK=() C_KEEP=()
C_STAGED=() C_INODE=()
# What the resource remembers for the probe: lines of `path`, `thing` and `package`.
FACTS=()
# Wanted states of the entries, by index.
W_STATE=() W_TYPE=() W_SOURCE=()
LEFT=' ' # paths that the manifest names, and that stay somebody else's

WORK=''

readonly NGINX_CONF=/etc/nginx/nginx.conf

open_work() { # SUBSYSTEM
  WORK=$STATE/work/$1
  must "can't clear $WORK" rm -rf -- "$WORK"
  must "can't make $WORK" mkdir -- "$WORK"
}

# Writes the content of every file entry to the work directory, which only root can read, and determines the
# wanted state of each path.
prepare_candidates() {
  local index source size digest sources=()
  for index in ${E_KIND[@]+"${!E_KIND[@]}"}; do
    attribute "$index" unit ''
    [[ -z $REPLY ]] || has_unit "$REPLY" || continue
    case ${E_KIND[index]} in
      file)
        source=$WORK/$index
        write_candidate "$index" "$source"
        sources+=("$source")
        ;;
      directory)
        read_ownership "$index"
        W_STATE[index]="directory $REPLY"
        ;;
      symlink) W_STATE[index]="symlink ${E_WORDS[index]}" ;;
      absent)
        ! leave_to_others "$index" || continue
        W_STATE[index]=absent
        ;;
    esac
    attribute "$index" context -
    W_TYPE[index]=$REPLY
  done
  ((${#sources[@]} > 0)) || return 0
  while read -r digest source; do
    index=${source##*/}
    size=$(stat -c %s -- "$source")
    read_ownership "$index"
    W_STATE[index]="file $size $digest $REPLY"
    W_SOURCE[index]=$source
  done < <(sha256sum -- "${sources[@]}")
}

# A file as its package installed it may be removed; one that somebody wrote or edited stays, and is not ours.
leave_to_others() { # INDEX
  local path=${E_PATH[$1]}
  attribute "$1" of -
  [[ $REPLY == package && -e $ROOT$path ]] && ! is_vendors_file "$path" || return 1
  LEFT+="path $path "
  is_ours "path $path" || return 0
  disown_key "path $path"
  note "$path was edited since its package installed it: it stays"
}

write_candidate() { # INDEX FILE
  local content=${E_CONTENT[$1]}
  if has_placeholders "$1"; then
    fill_placeholders "$content"
    content=$REPLY
  fi
  attribute "$1" eol yes
  [[ $REPLY == yes ]] || content=${content%$'\n'}
  printf '%s' "$content" >"$2" || fail "can't write below $WORK: is the file system full?"
}

# Leaves "OWNER GROUP MODE"; fails on a name that the host does not know.
read_ownership() { # INDEX
  local owner group
  attribute "$1" owner root
  owner=$REPLY
  attribute "$1" group ''
  group=$REPLY
  known_account passwd "$owner" || fail "${E_PATH[$1]}: there is no user $owner on this host: create it (useradd), or install the package that does"
  [[ -n $group ]] || {
    primary_group "$owner"
    group=$REPLY
  }
  known_account group "$group" || fail "${E_PATH[$1]}: there is no group $group on this host: create it (groupadd), or install the package that does"
  attribute "$1" mode 0644
  REPLY="$owner $group $REPLY"
}

KNOWN_ACCOUNTS=' '

known_account() { # passwd|group NAME
  [[ $KNOWN_ACCOUNTS != *" $1:$2 "* ]] || return 0
  getent "$1" "$2" >/dev/null 2>&1 || return 1
  KNOWN_ACCOUNTS+="$1:$2 "
}

# Plans the paths of the manifest, and restores those that it no longer names.
plan_paths() {
  local index key named=$LEFT paths=()
  for index in ${W_STATE[@]+"${!W_STATE[@]}"}; do
    follow_directory_link "$index"
    paths+=("${E_PATH[index]}")
    named+="path ${E_PATH[index]} "
  done
  for key in ${OWNERS[@]+"${!OWNERS[@]}"}; do
    [[ $key != 'path '* ]] || ! is_ours "$key" || [[ $named == *" $key "* ]] || paths+=("${key#path }")
  done
  observe ${paths[@]+"${paths[@]}"}
  for index in ${W_STATE[@]+"${!W_STATE[@]}"}; do
    plan_entry "$index"
  done
  for key in ${OWNERS[@]+"${!OWNERS[@]}"}; do
    [[ $key != 'path '* ]] || ! is_ours "$key" || [[ $named == *" $key "* ]] || plan_restore "${key#path }"
  done
}

# A directory may be a link that the administrator made, such as /microarray on a larger disk: then the
# directory that it leads to is meant.
follow_directory_link() { # INDEX
  [[ ${W_STATE[$1]} == directory* && -L $ROOT${E_PATH[$1]} ]] || return 0
  resolve_directory "${E_PATH[$1]}"
  E_PATH[$1]=$REPLY
}

plan_entry() { # INDEX
  local path=${E_PATH[$1]} want=${W_STATE[$1]} type=${W_TYPE[$1]}
  local key="path $path" live=${LIVE[${E_PATH[$1]}]} former=- keep=no manner=sole
  if foreign_owner "$key"; then
    if [[ $path == "$NGINX_CONF" ]]; then
      wait_for_nginx_conf "$want" "$live"
      return
    fi
    [[ $want == directory* || $want == absent ]] \
      || fail "$path is managed by $REPLY: remove it from one of the two programs"
  fi
  if [[ $want == directory* || $want == absent ]]; then manner=share; fi

  if [[ -z ${OWNERS[$key]-} ]]; then
    claim_former "$path" "$want" "$live" "${LIVE_TYPE[$path]}"
    former=$REPLY
    if [[ $former == kept* ]]; then keep=former; fi
  elif [[ $live != "${MADE[$key]}" && $live != "$want" ]] && loses_something "$want" "$live"; then
    keep=drift
  fi
  difference "$want" "$live" "$type" "${LIVE_TYPE[$path]}"
  if [[ -n $REPLY ]]; then
    check_parent "$path"
    attribute "$1" check -
    add_change "$path" "$want" "$type" "${W_SOURCE[$1]-}" "$REPLY" "$keep" "$former"
  elif [[ $keep == former ]]; then
    keep_copy "$path" "$former"
  fi
  own "$key" "$manner" "$former" "$want"
  FACTS+=("path $path$TAB$want$TAB$type")
}

# Leaves the state to restore when the last owner of a path leaves; nobody has owned the path until now.
claim_former() { # PATH WANT LIVE LIVE-TYPE
  case $3 in
    absent) REPLY=absent ;;
    directory*) if [[ $2 == directory* ]]; then REPLY="$3 $4"; else next_kept "$1"; fi ;;
    *) next_kept "$1" ;;
  esac
}

# Would replacing the live state by the wanted one lose more than an owner or a mode?
loses_something() { # WANT LIVE
  local wanted=() now=()
  read -r -a wanted <<<"$1"
  read -r -a now <<<"$2"
  case ${now[0]} in
    absent) return 1 ;;
    directory) [[ ${wanted[0]} != directory && ${wanted[0]} != rmdir ]] ;;
    file) [[ ${wanted[*]:0:3} != "${now[*]:0:3}" ]] ;;
    *) [[ $1 != "$2" ]] ;;
  esac
}

# Is a file as its package installed it? Files without a package are not.
is_vendors_file() { # PATH
  have rpm || return 1
  attempt rpm -qf "$1" || return 1
  attempt rpm -V --nomtime -f "$1"
  # "S.5....T.  c /etc/nginx/nginx.conf": size or digest differ. If a link replaced the file, rpm compares
  # neither, and reports only the link ("....L....").
  ! grep -E "^([^ ]*[S5L][^ ]*).* $1\$" <<<"$OUTPUT" >/dev/null
}

KEPT_COUNT=0

# Leaves "kept FILE" for what is at a path, in the store of its file system.
next_kept() { # PATH
  existing_ancestor "$1"
  store_for "$REPLY"
  KEPT_COUNT=$((KEPT_COUNT + 1))
  REPLY="kept $REPLY/kept/$TRANSACTION-$KEPT_COUNT-${1##*/}"
}

# Keeps a copy of a path that is in the wanted state already: the live file stays, and may be edited later.
keep_copy() { # PATH "kept FILE"
  local kept=${2#kept } name=${1##*/}
  announce_step copy "$kept"
  enter_directory "${1%/*}"
  must "can't keep $1" ln -P -- "$name" "$kept.link"
  must "can't keep $1" cp -a -- "$kept.link" "$kept"
  must "can't keep $1" rm -f -- "$kept.link"
  cd /
}

add_change() { # PATH WANT TYPE SOURCE CHECK KEEP FORMER
  C_PATH+=("$1")
  C_WANT+=("$2")
  C_TYPE+=("$3")
  C_SOURCE+=("$4")
  C_CHECK+=("$5")
  case $6 in
    former) C_KEEP+=("${7#kept }") ;;
    *) C_KEEP+=("$6") ;;
  esac
}

# Fails when the parent directory of a path neither exists nor is in the same manifest.
check_parent() { # PATH
  local parent=${1%/*} index
  [[ -n $parent && ! -d $ROOT$parent ]] || return 0
  for index in ${W_STATE[@]+"${!W_STATE[@]}"}; do
    [[ ${E_PATH[index]} != "$parent" || ${W_STATE[index]} != directory* ]] || return 0
  done
  fail "$1: its directory $parent does not exist: add a directory entry for it"
}

# Plans that a path of ours gets its state from before us.
plan_restore() { # PATH
  local path=$1 key="path $1" want type=- keep=no
  local live=${LIVE[$path]} former=${FORMER["path $1"]} made=${MADE["path $1"]}
  disown_key "$key"
  [[ ${OWNERS[$key]} == "$SCOPE/$RESOURCE" ]] || return 0
  want=$former
  case $former in
    absent)
      # Somebody removed it already, or replaced the directory that we made.
      [[ $live != absent ]] || return 0
      if [[ $made == directory* ]]; then
        [[ $live == directory* ]] || return 0
        want='rmdir'
      fi
      ;;
    directory*)
      [[ $live == directory* ]] || return 0
      want=${former% *}
      type=${former##* }
      ;;
    kept*)
      if [[ ! -e ${former#kept } && ! -L ${former#kept } ]]; then
        note "the former $path can't be restored, since it is no longer in ${former#kept }: the path stays as it is"
        return 0
      fi
      ;;
  esac
  if [[ $live != "$made" ]] && loses_something "$made" "$live"; then keep=drift; fi
  difference "$want" "$live" "$type" "${LIVE_TYPE[$path]}"
  [[ -z $REPLY ]] || add_change "$path" "$want" "$type" '' - "$keep" ''
}
