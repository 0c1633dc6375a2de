
# --- git: the source, fetched by its owner ---------------------------------------------------------------

# Makes git log in with the key from stdin, to a server with the given host key only. Both keys are in memory,
# readable by the owner only, for as long as the fetch takes; the next run removes those of a killed one.
# /dev/shm may be mounted noexec: the program that git before 2.3 needs is in the owner's home, without a secret
# in it.
# shellcheck disable=SC2016 # the inner shell expands them
readonly GIT_LOGIN='
set -e
umask 077
base=/dev/shm
[ -d "$base" ] || base=/tmp
for former in "$base"/tracks-git.* "$HOME"/.tracks-git.*; do
  process=${former##*/}
  process=${process#*tracks-git.}
  process=${process%%.*}
  [ ! -O "$former" ] || kill -0 "$process" 2>/dev/null || rm -rf "$former"
done
login=$(mktemp -d "$base/tracks-git.$$.XXXXXX")
program=
trap "rm -rf $login \$program" EXIT
trap "exit 1" TERM INT HUP
cat >"$login/both"
sed -n "/^host /s///p" "$login/both" >"$login/known_hosts"
sed -n "/^key /s///p" "$login/both" >"$login/key"
rm "$login/both"
key="-o PubkeyAuthentication=no"
[ ! -s "$login/key" ] || key="-i $login/key -o IdentitiesOnly=yes"
GIT_SSH_COMMAND="ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=20 -o UserKnownHostsFile=$login/known_hosts -o GlobalKnownHostsFile=/dev/null $key"
export GIT_SSH_COMMAND
case $(git --version) in
  "git version 1."* | "git version 2."[012].*)
    program=$(mktemp "$HOME/.tracks-git.$$.XXXXXX")
    printf "#!/bin/sh\nexec %s \"\$@\"\n" "$GIT_SSH_COMMAND" >"$program"
    chmod 700 "$program"
    GIT_SSH=$program
    export GIT_SSH
    ;;
esac
GIT_TERMINAL_PROMPT=0
GIT_ASKPASS=/bin/false
export GIT_TERMINAL_PROMPT GIT_ASKPASS
umask 022
'

# Leaves what GIT_LOGIN reads from stdin.
git_login() {
  local index line text='' kind
  for index in ${E_KIND[@]+"${!E_KIND[@]}"}; do
    case ${E_KIND[index]} in
      deploy-key) kind='key ' ;;
      git-host-key) kind='host ' ;;
      *) continue ;;
    esac
    while IFS= read -r line; do
      text+=$kind$line$'\n'
    done <<<"${E_CONTENT[index]%$'\n'}"
  done
  REPLY=$text
}

# Runs a script of git commands as the owner, with the deploy key; leaves its output in OUTPUT.
as_git() { # USER DIRECTORY SCRIPT WORD...
  local user=$1 directory=$2 script=$3 status
  shift 3
  git_login
  OUTPUT=$(printf '%s' "$REPLY" | as_user "$user" "$directory" sh -c "$GIT_LOGIN$script" sh "$@" 2>&1)
  status=$?
  return "$status"
}

# Leaves git's output with an explanation as the last line.
explain_git() { # URL TEXT
  # git's lines after a failure of ssh say less than ssh's own.
  last_lines 4 "$(grep -v -e '^Please make sure you have' -e '^and the repository exists' <<<"$2")"
  case $2 in
    *'Host key verification failed'* | *'IDENTIFICATION HAS CHANGED'*)
      REPLY+=$'\n'"the server of $1 has another host key than the configured one, or none is configured: compare it with the one that its owner publishes, then set DjangoApp.source.hostKey"
      ;;
    *'cannot exec '* | *'cannot run '* | *'ssh: Permission denied'* | *'ssh: not found'* | *'ssh: command not found'*)
      REPLY+=$'\n'"git can't start ssh on this host: install openssh-clients, and check that programs may be run in the directory that the line above names"
      ;;
    *'Permission denied ('* | *'Authentication failed'* | *'could not read Username'*)
      REPLY+=$'\n'"the server of $1 refuses the deploy key: add its public half there, or set DjangoApp.source.deployKey"
      ;;
  esac
}

check_out_release() { # INDEX URL
  local commit mirror
  have git || fail "git is not installed on this host: install its package first"
  attribute "$1" commit -
  commit=$REPLY
  mirror=$(printf '%s' "$2" | sha256sum)
  mirror=.mirror-${mirror:0:12}
  # A bare copy stays next to the releases, so that the next fetch transfers only what is new. It has the
  # whole history, which only its owner may read.
  # shellcheck disable=SC2016
  as_git "$RELEASE_OWNER" "${RELEASE%/*}" '
    [ -d "$3" ] || { rm -rf "$3.new"; mkdir -m 0700 "$3.new"; git init -q --bare "$3.new"; mv -T "$3.new" "$3"; }
    chmod 0700 "$3"
    git --git-dir="$3" cat-file -e "$4^{commit}" 2>/dev/null \
      || git --git-dir="$3" fetch -q --force --prune "$2" "+refs/heads/*:refs/heads/*" "+refs/tags/*:refs/tags/*"
    git --git-dir="$3" cat-file -e "$4^{commit}" || { echo "the commit $4 is on no branch and no tag of the repository"; exit 1; }
    submodules=$(git --git-dir="$3" ls-tree -r "$4" | sed -n "s/^160000 commit [0-9a-f]*\t//p" | head -n 5)
    [ -z "$submodules" ] || {
      echo "the commit has submodules, whose files git archive leaves out:" $submodules "(commit their files, or deploy a checkout that has them: DjangoApp.source.archive)"
      exit 1
    }
    # The whole commit: the site may need files that its authors leave out of archives (export-ignore).
    mkdir -p "$3/info"
    echo "* -export-ignore" >"$3/info/attributes"
    '"$STAGE_RELEASE"'
    { git --git-dir="$3" -c tar.umask=0022 archive --format=tar "$4" || : >"$login/failed"; } | tar -xf - -C ".new-$1"
    [ ! -e "$login/failed" ]
  ' "${RELEASE##*/}" "$2" "$mirror" "$commit" || {
    explain_git "$2" "$OUTPUT"
    fail "can't fetch the source: $REPLY"
  }
  inspect_source "$1"
  place_release
}

# Prints the commit that a branch, tag or full commit name stands for. Reads a manifest with the keys from
# descriptor 3, since the script itself may come from stdin.
resolve() { # user=U url=URL ref=REF
  local argument user='' url='' ref=''
  for argument in "$@"; do
    case $argument in
      user=*) user=${argument#user=} ;;
      url=*) url=${argument#url=} ;;
      ref=*) ref=${argument#ref=} ;;
      *) fail "resolve accepts user=NAME, url=URL and ref=REF, not \"$argument\"" ;;
    esac
  done
  RESOURCE=git
  exec <&3
  read_manifest
  parse_manifest
  if [[ $ref =~ ^[0-9a-f]{40}$ ]]; then
    fact commit "$ref"
  elif ! have git || ! getent passwd "$user" >/dev/null 2>&1; then
    # The first deployment installs both.
    fact commit unknown
  else
    ask_git "$user" "$url" "$ref"
    fact commit "$REPLY"
  fi
}

# Leaves the full name of the commit that this scope has deployed from a repository, or nothing.
live_commit() { # URL
  local words
  REPLY=''
  while read -r -a words; do
    if [[ " ${words[*]} " == *" git=$1 "* && " ${words[*]} " =~ \ commit=([0-9a-f]{40})\  ]]; then REPLY=${BASH_REMATCH[1]}; fi
  done < <(grep -h '^release ' "$STATE/resources/$SCOPE"/*/manifest 2>/dev/null)
}

# Leaves the commit in REPLY. Tags come before branches, as in git itself.
ask_git() { # USER URL REF
  local sum name found='' rank=9
  # shellcheck disable=SC2016
  as_git "$1" / 'timeout 60 git ls-remote "$1" "$2" "refs/tags/$2" "refs/tags/$2^{}" "refs/heads/$2"' "$2" "$3" || {
    explain_git "$2" "$OUTPUT"
    sum=$REPLY
    live_commit "$2"
    fail "can't ask $2 for $3: $sum${REPLY:+; to deploy other changes meanwhile, stay on the present commit: set DjangoApp.source.ref to $REPLY}"
  }
  while IFS=$TAB read -r sum name; do
    [[ $sum =~ ^[0-9a-f]{40}$ ]] || continue
    case $name in
      "refs/tags/$3^{}") prefer_commit 0 ;;
      "$3" | "refs/tags/$3") prefer_commit 1 ;;
      "refs/heads/$3") prefer_commit 2 ;;
    esac
  done <<<"$OUTPUT"
  [[ -n $found ]] || fail "$2 has no branch or tag \"$3\": set DjangoApp.source.ref to one that it has, or to the full name of a commit"
  REPLY=$found
}

# Prefers the better of several refs with the same name; sets the caller's variables.
prefer_commit() { # RANK
  if (($1 < rank)); then
    rank=$1
    found=$sum
  fi
}
