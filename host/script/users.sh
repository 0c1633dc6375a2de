
# --- Users: created or adopted; an account that we created stays on remove, since its home is data --------

# Accounts that we created, with their user ids. The list survives a failed run and a remove, so that such an account
# is never mistaken for one that existed before; nor one of that name that somebody made after ours was deleted.
readonly ACCOUNTS=$STATE/accounts

made_account() { # NAME; leaves its id
  user_id "$1"
  # Former versions noted no id.
  [[ -n $REPLY && -e $ACCOUNTS ]] && grep -qxF -e "$1" -e "$1 $REPLY" -- "$ACCOUNTS"
}

# Leaves the id of a user, or nothing.
user_id() { # NAME
  REPLY=$(getent passwd "$1")
  REPLY=${REPLY#*:*:}
  REPLY=${REPLY%%:*}
}

# Records an account once it exists: from useradd, or from a run that was killed.
note_account() { # NAME
  made_account "$1" || list_account "$1" "$1 $REPLY"$'\n'
}

# Replaces the line of an account in the list.
list_account() { # NAME LINE
  local line text=''
  [[ -e $ACCOUNTS ]] || : >"$ACCOUNTS"
  while IFS= read -r line; do
    [[ ${line%% *} == "$1" ]] || text+=$line$'\n'
  done <"$ACCOUNTS"
  write_file "$ACCOUNTS" "$text$2"
}

# States: `none`, or `home=H shell=S`.
state_user() { # NAME
  local entry home shell
  REPLY=none
  entry=$(getent passwd "$1") || return 0
  IFS=: read -r _ _ _ _ _ home shell <<<"$entry"
  REPLY="home=$home shell=${shell:-/bin/sh}"
}

# Prints what to do about an account that this host knows, but that is not in /etc/passwd.
elsewhere() { # NAME SHELL
  grep -q "^$1:" "$ROOT/etc/passwd" \
    || printf '%s' "; it comes from a directory service (LDAP): change it there, or set LinuxUser.shell to $2"
}

declare -A PRIMARY_GROUPS=() # by user, once asked

USER_SYSTEM=no # whether an account that must be created is a system account

make_user() { # STATE NAME
  local state=$1 name=$2 home shell options=()
  if [[ $state == none ]]; then
    must "can't lock $name" usermod -L -- "$name"
    note "the account $name and its home stay, since a home is data; its password is locked"
    return
  fi
  home=${state#home=}
  home=${home%% *}
  shell=${state#* shell=}
  state_user "$name"
  if [[ $REPLY != none ]]; then
    attempt usermod -s "$shell" -- "$name" || fail "can't change the account $name: $OUTPUT$(elsewhere "$name" "${REPLY#* shell=}")"
    return
  fi
  [[ ! -e $ROOT$home ]] || check_orphaned_home "$name" "$home"
  options=(-m -d "$home" -s "$shell")
  [[ $USER_SYSTEM == no ]] || options+=(-r)
  # A group of its own, whatever login.defs says.
  if getent group "$name" >/dev/null 2>&1; then options+=(-g "$name"); else options+=(-U); fi
  must "can't create the account $name" openly useradd "${options[@]}" -- "$name"
  note_account "$name"
}

# useradd does not change a home that root made before, and the user could write nothing there. So this fills it
# and gives it to the user. The files, which already belong to the user, come in by rename, and the home itself
# is given away last: until then a killed run can be repeated, and only root can plant a link.
take_home() { # NAME HOME
  local home=$ROOT$2 new=$ROOT$2/.tracks-skel uid gid owner name
  IFS=: read -r _ _ uid gid _ < <(getent passwd "$1")
  owner=$(stat -L -c %u -- "$home" 2>/dev/null) || return 0
  ((owner != uid)) || return 0
  # What a killed run left, and what a new file system has at its top, is not somebody else's content.
  if ! is_roots_own "$2" || [[ -n $(find "$home" -mindepth 1 -maxdepth 1 ! -uid "$uid" ! -name .tracks-skel ! -name lost+found) ]]; then
    note "the home $2 does not belong to $1, and is not an empty directory of root: it stays as it is. To give it to $1, run as root: chown $1: $2"
    return
  fi
  must "can't fill $2" rm -rf -- "$new"
  if [[ -d $ROOT/etc/skel ]]; then
    must "can't fill $2" mkdir -- "$new"
    # Without the SELinux labels of /etc/skel: those in a home differ.
    must "can't fill $2" cp -dR --preserve=mode,timestamps -- "$ROOT/etc/skel/." "$new/skel"
    must "can't fill $2" chown -hR "$uid:$gid" -- "$new/skel"
    while IFS= read -r -d '' name; do
      [[ -e $home/$name || -L $home/$name ]] || must "can't fill $2" mv -T -- "$new/skel/$name" "$home/$name"
    done < <(find "$new/skel" -mindepth 1 -maxdepth 1 -printf '%f\0')
    must "can't fill $2" rm -rf -- "$new"
  fi
  must "can't give $2 to $1" chown -h "$uid:$gid" -- "$home"
  changed "gave the home $2, which belonged to root, to $1"
}

# Is it a real directory that only root can write to or replace?
is_roots_own() { # DIRECTORY
  [[ ! -L $ROOT$1 ]] && (resolve_directory "$1" && [[ -z $WRITER ]]) 2>/dev/null
}

# Leaves the name of a user's primary group: not always the user's own name.
primary_group() { # NAME
  [[ $1 != root ]] || {
    REPLY=root
    return
  }
  if [[ -z ${PRIMARY_GROUPS[$1]-} ]]; then
    attempt id -gn -- "$1" || nameless_group "$1"
    PRIMARY_GROUPS[$1]=$OUTPUT
  fi
  REPLY=${PRIMARY_GROUPS[$1]}
}

nameless_group() { # NAME
  local entry gid
  entry=$(getent passwd "$1") || fail "there is no user $1 on this host: create it (useradd), or install the package that does"
  IFS=: read -r _ _ _ gid _ <<<"$entry"
  fail "the primary group of the user $1 has the id $gid and no name on this host, so no file can be given to it. As root, run: groupadd -g $gid NAME; or fix the directory service that it comes from"
}

# Membership of a user in a group. Each is a thing of its own: memberships that an administrator added stay.
# States: yes, no, `absent` where there is no such user.
state_member() { # USER GROUP
  local groups
  REPLY=absent
  groups=$(id -nG -- "$1" 2>/dev/null) || return 0
  if [[ " $groups " == *" $2 "* ]]; then REPLY=yes; else REPLY=no; fi
}

make_member() { # STATE USER GROUP
  if [[ $1 == yes ]]; then
    must "can't add $2 to the group $3" usermod -a -G "$3" -- "$2"
  else
    must "can't remove $2 from the group $3" gpasswd -d "$2" "$3"
  fi
}

# Fails when a new account would get the files of another user.
check_orphaned_home() { # NAME HOME
  local owner
  owner=$(stat -L -c %u -- "$ROOT$2")
  ((owner == 0)) || fail "the home $2 of the new user $1 exists and belongs to the user id $owner. As root, move it away (mv $2 $2.old), or create the account with that id (useradd -u $owner -d $2 $1)"
}

converge_user() { # INDEX
  local name=${E_WORDS[$1]} home shell groups live want key="user ${E_WORDS[$1]}" group now
  attribute "$1" home -
  home=$REPLY
  attribute "$1" shell -
  shell=$REPLY
  attribute "$1" groups ''
  groups=$REPLY
  attribute "$1" system no
  USER_SYSTEM=$REPLY
  [[ -x $ROOT$shell ]] || fail "user $name: the shell $shell does not exist on this host: install the package that has it, or set LinuxUser.shell to one of /etc/shells"
  for group in ${groups//,/ }; do
    known_account group "$group" || fail "user $name: there is no group $group on this host: create it (groupadd), or install the package that does"
  done
  state_user "$name"
  live=$REPLY
  if [[ $live != none ]]; then
    now=${live#home=}
    now=${now%% *}
    [[ $now == "$home" ]] || fail "the user $name exists with the home $now, not $home, and this program never moves a home: set LinuxUser.home to $now, or move the home as root: usermod -m -d $home $name"
  fi
  want="home=$home shell=$shell"
  # Whoever makes it again later, it is not the account that we made.
  [[ $live != none || ! -e $ACCOUNTS ]] || list_account "$name" ''
  if made_account "$name"; then live=none; fi
  converge_thing "$key" "$want" "$live"
  ! made_account "$name" || take_home "$name" "$home"
  for group in ${groups//,/ }; do
    converge_thing "member $name $group" yes
  done
  KNOWN_ACCOUNTS=' '
}

# --- Passwords: through stdin only; only a digest of the hash is recorded --------------------------------

# Leaves the hash of a user's password in REPLY; false where there is no such user.
shadow_hash() { # NAME
  REPLY=$(getent shadow "$1") || return 1
  REPLY=${REPLY#*:}
  REPLY=${REPLY%%:*}
}

need_hash() { # NAME
  shadow_hash "$1" || fail "password $1: there is no user $1 on this host"
}

# States: `absent`, or a digest of the hash.
state_password() { # NAME
  shadow_hash "$1" || {
    REPLY=absent
    return
  }
  REPLY=$(printf '%s' "$REPLY" | sha256sum)
  REPLY=${REPLY%% *}
}

# Writes the step of a change of a password, and keeps the present hash, by which it is undone.
announce_password() { # NAME DIGEST
  step thing "password $1" "$2"
  keep_hash "$1" "$2"
}

# The same for a password that is released or locked: the hash is only kept to undo this run, unless a record names it.
announce_unset() { # NAME DIGEST
  announce_password "$1" "$2"
  [[ ${FORMER["password $1"]-} == "$2" ]] || discard_hash "$1" "$2"
}

# Keeps the present hash, so that this state can be restored.
keep_hash() { # NAME DIGEST
  need_hash "$1"
  write_file "$STATE/kept/shadow-$1-$2" "$REPLY"
  # The name, too, is on the disk before the password is changed.
  settle
}

# Removes a hash that was only kept to undo a change.
forget_hash() { # NAME DIGEST
  load_records
  [[ ${FORMER["password $1"]-} == "$2" ]] || forget_kept "shadow-$1-$2"
}

discard_hash() { # NAME DIGEST
  printf '%s\n' "$STATE/kept/shadow-$1-$2" >>"$JOURNAL/discard"
}

make_password() { # STATE NAME
  local file=$STATE/kept/shadow-$2-$1 hash=''
  [[ -e $file ]] || fail "can't restore the former password of $2, which is no longer in $file: set one by hand (passwd $2)"
  IFS= read -r hash <"$file"
  if [[ $hash =~ ^[!*]*$ ]]; then
    # No password, which chpasswd refuses, and which is no secret.
    must "can't lock the password of $2 again" usermod -p "${hash:-!}" -- "$2"
    return
  fi
  OUTPUT=$(printf '%s:%s\n' "$2" "$hash" | chpasswd -e 2>&1) || fail "can't restore the former password of $2: $OUTPUT"
}

converge_password() { # INDEX
  local name=${E_WORDS[$1]} key="password ${E_WORDS[$1]}" live
  need_hash "$name"
  state_password "$name"
  live=$REPLY
  if [[ $SAME_MANIFEST == yes && $live == "${MADE[$key]-}" ]]; then
    claim_thing "$key" "$live" "$live"
    return
  fi
  announce_password "$name" "$live"
  # Remove restores the hash from before our first one; a later one is only kept to undo this run.
  if [[ -n ${OWNERS[$key]-} && ${FORMER[$key]} != "$live" ]]; then discard_hash "$name" "$live"; fi
  OUTPUT=$(printf '%s:%s\n' "$name" "${E_CONTENT[$1]%$'\n'}" | chpasswd 2>&1) \
    || fail "can't set the password of $name: $OUTPUT"
  state_password "$name"
  [[ $REPLY != "$live" ]] || fail "chpasswd did not change the password of $name"
  claim_thing "$key" "$live" "$REPLY"
  changed "changed the password of $name"
}
