
# --- Files of somebody else's that we edit: one piece is ours, every other byte stays -------------------
#
# The file is read whole and split at our piece: BEFORE, OLD, AFTER. What is written is these bytes around
# the new piece. It takes its place when the disk has exactly that, and the file is still what was read.

FOREIGN_FILE=''   # its real path
FOREIGN_TEXT=''   # what it holds
FOREIGN_RUNNER=() # what reads and writes it: root itself, or who may write in its directory

# Reads a file. Root opens none in a directory that another user may write: there, RUNNER does, which runs
# its words as that user.
open_foreign() { # PATH [RUNNER]
  local path=$1 text size reader=()
  # A link may have led here that RUNNER's user made.
  (($# < 2)) || reader=("$2")
  FOREIGN_RUNNER=()
  FOREIGN_FILE=$(readlink -f -- "$ROOT$path") || FOREIGN_FILE=''
  [[ -n $FOREIGN_FILE && -f $FOREIGN_FILE ]] || fail "$path does not exist, or is no file: its package makes it"
  FOREIGN_FILE=${FOREIGN_FILE#"$ROOT"}
  resolve_directory "${FOREIGN_FILE%/*}"
  if [[ -n $WRITER ]]; then
    (($# > 1)) || fail "$path is the file $FOREIGN_FILE, in a directory that $WRITER may write: root edits nothing there. Let $path be a file of its own, or a link into a directory of root's"
    FOREIGN_RUNNER=("${reader[@]}")
  fi
  # bash warns of NUL, and drops it.
  { text=$(${reader[@]+"${reader[@]}"} cat -- "$ROOT$FOREIGN_FILE" </dev/null && printf x); } 2>/dev/null \
    || fail "can't read $FOREIGN_FILE as the user whose file it is: check its owner and mode"
  FOREIGN_TEXT=${text%x}
  size=$(stat -c %s -- "$ROOT$FOREIGN_FILE")
  [[ ${#FOREIGN_TEXT} == "$size" ]] \
    || fail "$FOREIGN_FILE has NUL bytes in it, or was changed while it was read: nothing was written. Take them out (tr -d '\\000') and run this again"
}

# Replaces our piece. TOP is a new piece that goes before everything else.
edit_foreign() { # TOP BEFORE OLD NEW AFTER
  local text=$1$2$4$5 staged before after script
  [[ $2$3$5 == "$FOREIGN_TEXT" ]] || fail "can't tell our part of $FOREIGN_FILE from the rest: nothing was written"
  staged=$ROOT$FOREIGN_FILE.tracks
  if ((${#FOREIGN_RUNNER[@]} == 0)); then
    store_for "${FOREIGN_FILE%/*}"
    staged=$REPLY/stage/${JOURNAL##*/}/foreign
    must "can't stage $FOREIGN_FILE" mkdir -p -- "${staged%/*}"
  fi
  before=$(printf '%s' "$FOREIGN_TEXT" | sha256sum)
  after=$(printf '%s' "$text" | sha256sum)
  # shellcheck disable=SC2016 # these are the other shell's words
  script='undo() { rm -f -- "$2"; echo "$5"; exit 1; };
    rm -f -- "$2" && cp -a -- "$1" "$2" && cat >"$2" || undo "$@" "is the file system full?";
    test "$(sha256sum <"$2")" = "$4" || undo "$@" "the text did not arrive whole; is the file system full?";
    sync -- "$2" || undo "$@" "the disk does not take it";
    test "$(sha256sum <"$1")" = "$3" || undo "$@" "somebody changed it a moment ago; run this again";
    mv -fT -- "$2" "$1"'
  # In one line: as_postgres quotes it for another shell.
  script=${script//$'\n'/ }
  OUTPUT=$(printf '%s' "$text" | ${FOREIGN_RUNNER[@]+"${FOREIGN_RUNNER[@]}"} sh -c "$script" sh \
    "$ROOT$FOREIGN_FILE" "$staged" "$before" "$after" 2>&1) || fail "can't write $FOREIGN_FILE: $OUTPUT"
  FOREIGN_TEXT=$text
  # It is what it was once: no copy of that is needed any more.
  kept_foreign "$after"
  [[ ! -e $REPLY ]] || printf '%s\n' "$REPLY" >>"$JOURNAL/discard"
}

kept_foreign() { # DIGEST
  REPLY=$STATE/kept/${FOREIGN_FILE##*/}-${1:0:12}
}

# Keeps the file before our piece is changed, unless it is the one that we made: what somebody else wrote
# stays to be had. Named by its content: a run that is repeated keeps no second copy.
keep_foreign() { # KEY LIVE WANT
  [[ $2 != "$3" && $2 != "${MADE[$1]-}" ]] || return 0
  kept_foreign "$(printf '%s' "$FOREIGN_TEXT" | sha256sum)"
  write_file "$REPLY" "$FOREIGN_TEXT"
  changed "kept $FOREIGN_FILE as it was before: ${REPLY#"$ROOT"}"
}
