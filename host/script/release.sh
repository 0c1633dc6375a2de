
# --- Releases: source trees side by side, each complete or absent --------------------------------------

# Marks a release as complete; contains the name of the virtualenv that the release was deployed with.
readonly RELEASE_MARK=.tracks-release

RELEASE='' RELEASE_OWNER='' # the release that the manifest names

# Leaves the index of the only entry of a kind in REPLY.
only_entry() { # KIND
  local index found=''
  for index in ${E_KIND[@]+"${!E_KIND[@]}"}; do
    [[ ${E_KIND[index]} != "$1" ]] || found=$index
  done
  REPLY=$found
  [[ -n $found ]]
}

is_complete_release() { # PATH
  [[ -d $ROOT$1 && ! -L $ROOT$1 && -f $ROOT$1/$RELEASE_MARK ]]
}

state_release() { # PATH
  if is_complete_release "$1"; then REPLY=present; else REPLY=absent; fi
}

# Installs the source tree and its virtualenv on this host.
converge_source() {
  local index
  only_entry release || return 0
  index=$REPLY
  RELEASE=${E_PATH[index]}
  attribute "$index" owner -
  RELEASE_OWNER=$REPLY
  known_account passwd "$RELEASE_OWNER" || fail "$RELEASE: there is no user $RELEASE_OWNER on this host: create it first (useradd $RELEASE_OWNER)"
  [[ -d $ROOT${RELEASE%/*} ]] || fail "$RELEASE: its directory ${RELEASE%/*} does not exist: create it first (mkdir ${RELEASE%/*})"
  if ! is_complete_release "$RELEASE"; then
    [[ ! -e $ROOT$RELEASE && ! -L $ROOT$RELEASE ]] \
      || fail "$RELEASE exists and is not a release of this program. As root, move it away: mv $RELEASE $RELEASE.old"
    fetch_release "$index"
    changed "fetched release $RELEASE"
  fi
  FACTS+=("thing release $RELEASE${TAB}present")
  build_virtualenv
}

fetch_release() { # INDEX
  local archive git
  attribute "$1" archive ''
  archive=$REPLY
  attribute "$1" git ''
  git=$REPLY
  if [[ -n $archive ]]; then
    unpack_release "$1" "$archive"
  else
    check_out_release "$1" "$git"
  fi
}

# Its owner makes the release in a directory next to it; it is checked, and renamed when it is complete.
# shellcheck disable=SC2016 # the inner shell expands them
readonly STAGE_RELEASE='
set -e
rm -rf .new-*
mkdir ".new-$1"
'
# It must be on the disk before it counts as complete: after a power cut the directory might be there with empty
# files. Older versions of sync can't sync one file system.
# shellcheck disable=SC2016
readonly PLACE_RELEASE='
sync -f ".new-$1" 2>/dev/null || sync
: >".new-$1/$2"
mv -T ".new-$1" "$1"
'

unpack_release() { # INDEX SPOOLED
  local login sha256 file
  attribute "$1" login -
  login=$REPLY
  attribute "$1" sha256 -
  sha256=$REPLY
  take_spooled "$2" "$login" "$sha256" 'the archive of the source'
  file=$REPLY
  # shellcheck disable=SC2016
  OUTPUT=$(print_as "$login" "$file" | as_user "$RELEASE_OWNER" "${RELEASE%/*}" sh -c \
    "$STAGE_RELEASE"'tar -xf - -C ".new-$1" --no-same-owner' sh "${RELEASE##*/}" 2>&1) \
    || fail "can't unpack the source: $OUTPUT"
  inspect_source "$1"
  place_release
  drop_spooled "$login" "$file"
}

# The names are those of preflight/source/secretFile.ts, which checks a folder before it is packed; git stores no
# such modes.
# shellcheck disable=SC2016 # the inner shell expands them
readonly CLOSE_SECRETS='
find . -type f -perm /077 -regextype posix-extended "(" \
  -iregex ".*/(\.env(\.[^/]+)?|id_(rsa|dsa|ecdsa|ed25519)|\.(netrc|pgpass|pypirc|htpasswd|git-credentials))" \
  ! -iregex ".*/\.env\.(example|sample|template|dist|defaults?)" \
  -o -iregex ".*/(secret[_-]?key(\.txt)?|[^/]*\.(p12|pfx|jks|keystore|kdbx|ppk))" \
  -o -iregex ".*/(secrets?|credentials?|client_secret[^/]*|service[_-]account[^/]*)(\.(json|ya?ml|toml|ini|cfg|env|txt|csv))?" \
  -o -iregex ".*\.(pem|key)" "(" -exec grep -q -e "PRIVATE KEY-----" {} ";" \
    -o ! -exec grep -qE -e "^PK|-----BEGIN (TRUSTED |X509 )?(CERTIFICATE|(RSA )?PUBLIC KEY)" {} ";" ")" \
  ")" -exec chmod go= {} + -print
'

# Lets only the owner read files that look like a secret, and names them.
close_secrets() { # TREE
  OUTPUT=$(as_user "$RELEASE_OWNER" "$1" sh -c "$CLOSE_SECRETS" 2>&1 </dev/null) \
    || fail "can't restrict files that look like secrets to their owner: $OUTPUT"
  [[ -z $OUTPUT ]] || note "looks like a secret, and $RELEASE_OWNER alone can read it: $(head -n 10 <<<"$OUTPUT" | sed 's|^\./||' | paste -sd' '); unless the site needs it there, take it out of git (git rm --cached)"
}

place_release() {
  local AS_ENVIRONMENT=(${ROOT:+TRACKS_ROOT="$ROOT"})
  close_secrets "${RELEASE%/*}/.new-${RELEASE##*/}"
  OUTPUT=$(as_user "$RELEASE_OWNER" "${RELEASE%/*}" sh -c "set -e$PLACE_RELEASE" sh "${RELEASE##*/}" "$RELEASE_MARK" 2>&1 </dev/null) \
    || fail "can't put $RELEASE in place: $OUTPUT"
}

# Leaves the first few files that only say where their content is, which visitors would get instead of it.
find_placeholders() { # TREE
  # shellcheck disable=SC2016
  REPLY=$(as_user "$RELEASE_OWNER" "$1" sh -c '
    find . -type f -size -3 -exec grep -lE "^version https://git-lfs\.github\.com/spec/v1\$|^/annex/objects/" {} +
    find . -type l -lname "*.git/annex/objects/*"
  ' 2>/dev/null </dev/null | head -n 5)
}

# Finds everything in the source that would make the deployment fail later, and reports it at once.
inspect_source() { # INDEX
  local tree=${RELEASE%/*}/.new-${RELEASE##*/} wsgi requirements faults=()
  attribute "$1" wsgi -
  wsgi=$REPLY
  attribute "$1" requirements -
  requirements=$REPLY
  if ! as_user "$RELEASE_OWNER" "$tree" test -f "$wsgi" </dev/null; then
    faults+=("there is no $wsgi, which uWSGI loads")
  elif ! as_user "$RELEASE_OWNER" "$tree" grep -q DJANGO_SETTINGS_MODULE "$wsgi" </dev/null; then
    faults+=("$wsgi sets no DJANGO_SETTINGS_MODULE")
  fi
  if ! as_user "$RELEASE_OWNER" "$tree" test -f manage.py </dev/null; then
    faults+=("there is no manage.py")
  elif as_user "$RELEASE_OWNER" "$tree" grep -Eq "DJANGO_SETTINGS_MODULE.*settings\.(production|dev)" manage.py </dev/null; then
    faults+=("manage.py names the production or dev settings itself: it must name the package that chooses between them by PRODUCTION")
  fi
  as_user "$RELEASE_OWNER" "$tree" test -f "$requirements" </dev/null \
    || faults+=("there is no $requirements, from which the virtualenv is built")
  find_placeholders "$tree"
  [[ -z $REPLY ]] || faults+=("pointer files, whose content is elsewhere (git-lfs, git-annex): ${REPLY//$'\n'/, }. Commit the files themselves, or deploy from a checkout after git lfs pull (DjangoApp.source.archive)")
  ((${#faults[@]} > 0)) || return 0
  as_user "$RELEASE_OWNER" "${RELEASE%/*}" rm -rf -- ".new-${RELEASE##*/}" </dev/null
  printf -v REPLY '%s\n' "${faults[@]}"
  fail "the source can't be deployed: $REPLY"
}
