
# --- Spool: files that the login copied to the host by SFTP, which has no sudo; read as that login -------

# Leaves the directory of this scope in the home of the login.
spool_of() { # LOGIN
  local entry home=/nonexistent
  if entry=$(getent passwd "$1"); then IFS=: read -r _ _ _ _ _ home _ <<<"$entry"; fi
  REPLY=$ROOT$home/.tracks/$SCOPE
}

# Leaves the file in REPLY if its content has the digest; errors begin with WHAT. Reads it with print_as, since
# the directory belongs to the login.
take_spooled() { # PATH LOGIN SHA256 WHAT
  local file sum
  [[ $1 == ".tracks/$SCOPE/"* && $1 != */../* ]] || fail "$4: \"$1\" is not in the directory .tracks/$SCOPE of the login"
  spool_of "$2"
  file=$REPLY/${1##*/}
  [[ -f $file && ! -L $file ]] || fail "$4 is no longer in ${file#"$ROOT"}: run pulumi up again, which copies it again"
  sum=$(
    print_as "$2" "${file#"$ROOT"}" | sha256sum
    exit "${PIPESTATUS[0]}"
  ) || fail "$4: $2 can't read ${file#"$ROOT"}: remove it, and run pulumi up again"
  [[ ${sum%% *} == "$3" ]] \
    || fail "$4: ${file#"$ROOT"} was not copied completely (its digest is ${sum%% *}, not $3): remove it and run pulumi up again"
  REPLY=${file#"$ROOT"}
}

# Removes a file from the spool after it was read.
drop_spooled() { # LOGIN FILE
  OUTPUT=$(as_user "$1" "${2%/*}" rm -f -- "./${2##*/}" 2>&1 </dev/null) || note "can't remove $2: $OUTPUT"
}
