#!/bin/bash
#
# Makes this host look like a manifest, proves it, and puts everything back when it can't.
#
# Written by Pulumi (project tracks). Assembled from host/script/*.sh; what it promises, the grammar
# of a manifest and the way back after a failure are told in host/script/README.md.
#
# Conventions: a function hands its result back in REPLY and prints nothing, since `fail` must end
# the whole run, which it can't from within $(...). Paths are written as the manifest writes them
# ("virtual"); $ROOT stands before them wherever the file system is touched.

set -u
umask 077
# Where a login ends idle users, bash gives every `read` of ours no more time than them.
unset TMOUT
export LC_ALL=C

# Another root and other commands: how the script is tested without a host.
ROOT=${TRACKS_ROOT:-}
if [[ -n $ROOT ]]; then
  ROOT=$(cd -P -- "$ROOT" && pwd -P) || exit 1
else
  # What the caller's PATH holds must not decide which nginx root runs.
  PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin
  export PATH
fi

readonly ROOT
readonly STATE=$ROOT/var/lib/tracks
# As long as another may take that installs, such as a database server from a slow mirror. It is the bound of all
# waiting of this run together: its caller ends it after twice that time.
readonly LOCK_WAIT=${TRACKS_LOCK_WAIT:-900}
readonly LOCK_DEADLINE=$((SECONDS + LOCK_WAIT))
readonly PROOF_WAIT=${TRACKS_PROOF_WAIT:-15}
# As long as an application may take to start, however slow the host is; its unit says the same.
readonly START_WAIT=300
readonly DATABASE_WAIT=${TRACKS_DATABASE_WAIT:-20}

SCOPE=''    # the program and stack that this run belongs to, such as tracks.dev
RESOURCE='' # the resource that this run changes
VERB=''
REPLY=''
OUTPUT='' # what the last command run by `attempt` printed

# What a failure's reader should know besides, told before the reason.
EXPLANATIONS=()

explain_failure() { # TEXT
  EXPLANATIONS+=("$1")
}

# Lines for the caller's eyes, kept until it is certain that they stay true.
CHANGES=()
NOTES=()

# Leaves in REPLY what failed, with a tool's own lines: WHAT stands before the last of them, which says
# why, and the others stay lines above it.
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

# Ends the run: puts back what this run has changed, and leaves the reason as the last line.
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
    reason+=' (the host is changed; the next run finishes the bookkeeping)'
  elif [[ -n $JOURNAL ]]; then
    local changes=no
    if [[ -s $JOURNAL/steps ]]; then changes=yes; fi
    if undo_journal; then
      [[ $changes == no || $SETTINGS_STAY == yes ]] || reason+=' (what this run had changed was put back)'
    else
      reason+=" (NOT everything could be put back, see above; mend that, then run: $0 recover)"
    fi
  fi
  ((${#EXPLANATIONS[@]} == 0)) || printf '%s\n' "${EXPLANATIONS[@]}" >&2
  printf '%s\n' "$reason" >&2
  exit 1
}

# A change that was made; said and written to the audit log once the run has succeeded.
changed() {
  CHANGES+=("${1//$'\n'/; }")
}

# Something that the administrator should know, which is no change.
note() {
  NOTES+=("note: ${1//$'\n'/; }")
}

# Runs a command with its words, all of them, in OUTPUT.
attempt() {
  OUTPUT=$("$@" 2>&1 </dev/null)
}

# Runs a command that has to succeed: must WHAT COMMAND...
must() {
  local what=$1
  shift
  attempt "$@" || fail "$what: ${OUTPUT:-$1 failed without a word}"
}

# Runs a command with root's usual umask: what packages, policies and services make is for others too.
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
