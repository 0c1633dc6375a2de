
# --- Spool: files that the login copied to the host by SFTP, which has no sudo; opened in its name ------

# Leaves the directory of this scope in the home of the login.
spool_of() { # LOGIN
  local entry home=/nonexistent
  if entry=$(getent passwd "$1"); then IFS=: read -r _ _ _ _ _ home _ <<<"$entry"; fi
  REPLY=$ROOT$home/.tracks/$SCOPE
}

# Leaves the file in REPLY once its content has the digest; what it is for stands in the error. Its content is
# had from print_as, since the directory is the login's.
take_spooled() { # PATH LOGIN SHA256 WHAT
  local file sum
  [[ $1 == ".tracks/$SCOPE/"* && $1 != */../* ]] || fail "$4: \"$1\" is not in the spool .tracks/$SCOPE"
  spool_of "$2"
  file=$REPLY/${1##*/}
  [[ -f $file && ! -L $file ]] || fail "$4 is no longer in ${file#"$ROOT"}: run pulumi up again, which copies it again"
  sum=$(
    print_as "$2" "${file#"$ROOT"}" | sha256sum
    exit "${PIPESTATUS[0]}"
  ) || fail "$4: $2 can't read ${file#"$ROOT"}: remove it, and run pulumi up again"
  [[ ${sum%% *} == "$3" ]] \
    || fail "$4: ${file#"$ROOT"} did not arrive whole (its digest is ${sum%% *}, not $3): remove it and run pulumi up again"
  REPLY=${file#"$ROOT"}
}

# What was taken is of no more use there.
drop_spooled() { # LOGIN FILE
  OUTPUT=$(as_user "$1" "${2%/*}" rm -f -- "./${2##*/}" 2>&1 </dev/null) || note "can't remove $2: $OUTPUT"
}
