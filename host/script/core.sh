#!/bin/bash
#
# Makes this host match a manifest, checks the result, and undoes everything when that fails.
#
# Written by Pulumi (project tracks). Assembled from host/script/*.sh; host/script/README.md has its
# guarantees, the grammar of a manifest, and what happens after a failure.
#
# Conventions: a function returns its result in REPLY and prints nothing, since `fail` must end
# the whole run, which it can't from within $(...). Comments say "leaves X" for that. Paths are written as in
# the manifest ("virtual"); $ROOT is put in front of them wherever the file system is accessed.

set -u
umask 077
# Where the host logs idle users out (TMOUT), bash would give every `read` of ours the same time limit.
unset TMOUT
export LC_ALL=C

# Tests set another root and other commands, and need no host.
ROOT=${TRACKS_ROOT:-}
if [[ -n $ROOT ]]; then
  ROOT=$(cd -P -- "$ROOT" && pwd -P) || exit 1
else
  # The caller's PATH must not decide which nginx root runs.
  PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin
  export PATH
fi

readonly ROOT
readonly STATE=$ROOT/var/lib/tracks
# As long as another run may take to install, such as a database server from a slow mirror. It limits all
# waiting of this run together: a run ends after twice that time.
readonly LOCK_WAIT=${TRACKS_LOCK_WAIT:-900}
LOCK_DEADLINE=$((SECONDS + LOCK_WAIT))
readonly PROOF_WAIT=${TRACKS_PROOF_WAIT:-15}
# As long as an application may take to start, however slow the host is; its unit says the same.
readonly START_WAIT=300
readonly DATABASE_WAIT=${TRACKS_DATABASE_WAIT:-20}

SCOPE=''    # the program and stack that this run belongs to, such as tracks.dev
RESOURCE='' # the resource that this run changes
VERB=''
REPLY=''
OUTPUT='' # what the last command run by `attempt` printed

# What else the reader of a failure should know; printed before the reason.
EXPLANATIONS=()

explain_failure() { # TEXT
  EXPLANATIONS+=("$1")
}

# Lines for the caller, held back until it is certain that they stay true.
CHANGES=()
NOTES=()

# Leaves in REPLY what failed, with a tool's own lines: WHAT goes in front of the last line, which says
# why; the other lines stay above it.
reason_last() { # "WHAT: LINES"
  local what='' last
  REPLY=$1
  while [[ $REPLY == *[[:space:]] ]]; do REPLY=${REPLY%?}; done
  [[ $REPLY == *$'\n'* ]] || return 0
  if [[ ${REPLY%%$'\n'*} == *': '* ]]; then what="${REPLY%%: *}: "; fi
  REPLY=${REPLY#"$what"}
  last=${REPLY##*$'\n'}
  REPLY=${REPLY%$'\n'*}$'\n'$what${last#"${last%%[![:space:]]*}"}
}

# Ends the run: undoes what this run has changed, and prints the reason as the last line.
fail() { # "WHAT" or "WHAT: LINES"
  local reason
  reason_last "$1"
  reason=$REPLY
  if ((BASH_SUBSHELL > 0)); then
    printf '%s\n' "$reason" >&2
    exit 1
  fi
  trap '' TERM INT HUP
  if [[ -n $JOURNAL && -s $JOURNAL/outcome ]]; then
    reason+=' (the host is changed; the next run completes the records)'
  elif [[ -n $JOURNAL ]]; then
    local changes=no
    if [[ -s $JOURNAL/steps ]]; then changes=yes; fi
    if undo_journal; then
      [[ $changes == no || $SETTINGS_STAY == yes ]] || reason+=" (this run's changes were undone)"
    else
      reason+=" (NOT all of this run's changes could be undone, see above; fix that, then run: $0 recover)"
    fi
  fi
  ((${#EXPLANATIONS[@]} == 0)) || printf '%s\n' "${EXPLANATIONS[@]}" >&2
  printf '%s\n' "$reason" >&2
  exit 1
}

# Records a change that was made, which is printed, and one line of the audit log, once the run has succeeded.
changed() {
  CHANGES+=("${1//$'\n'/; }")
}

# Records what the administrator should know and what is no change. A tool's lines stay lines.
note() {
  NOTES+=("note: $1")
}

# Runs a command; leaves all of its output in OUTPUT.
attempt() {
  OUTPUT=$("$@" 2>&1 </dev/null)
}

# Runs a command that has to succeed: must WHAT COMMAND...
must() {
  local what=$1
  shift
  attempt "$@" || fail "$what: ${OUTPUT:-$1 failed without a message}"
}

# Runs a command with root's usual umask: other users need what packages, policies and services create.
openly() { # COMMAND...
  (
    umask 022
    trap - PIPE
    exec "$@"
  )
}

have() {
  command -v "$1" >/dev/null 2>&1
}

contains_word() {
  [[ ,$1, == *,"$2",* ]]
}

utc_now() {
  REPLY=$(date -u +%Y-%m-%dT%H:%M:%SZ)
}
