
# --- Foreign files, of which we edit one piece: every other byte stays ----------------------------------
#
# The file is read whole and split at our piece: BEFORE, OLD, AFTER. The new text is these bytes around the
# new piece. It replaces the file once it is on the disk, and only if the file has not changed since it was read.

FOREIGN_FILE=''   # its real path
FOREIGN_TEXT=''   # what it holds
FOREIGN_RUNNER=() # prefix of the commands that read and write it: none for root, else as the directory's writer

refuse_missing() { # PATH
  fail "$1 does not exist, or is not a regular file: install the package that brings it, or restore it"
}

# Reads a file. Root opens none in a directory that another user can write to: there RUNNER does, which runs
# a command as that user.
open_foreign() { # PATH [RUNNER]
  local path=$1 text size reader=()
  # A link that RUNNER's user made may have led here.
  (($# < 2)) || reader=("$2")
  FOREIGN_RUNNER=()
  FOREIGN_FILE=$(readlink -f -- "$ROOT$path") || FOREIGN_FILE=''
  [[ -n $FOREIGN_FILE && -f $FOREIGN_FILE ]] || refuse_missing "$path"
  FOREIGN_FILE=${FOREIGN_FILE#"$ROOT"}
  resolve_directory "${FOREIGN_FILE%/*}"
  if [[ -n $WRITER ]]; then
    (($# > 1)) || fail "$path is the file $FOREIGN_FILE, in a directory that $WRITER can write to: root edits nothing there. Make $path a regular file, or a link into a directory that only root can write to"
    FOREIGN_RUNNER=("${reader[@]}")
  fi
  # bash drops NUL bytes, with a warning.
  { text=$(${reader[@]+"${reader[@]}"} cat -- "$ROOT$FOREIGN_FILE" </dev/null && printf x); } 2>/dev/null \
    || fail "its owner can't read $FOREIGN_FILE: check its owner and mode (ls -l $FOREIGN_FILE)"
  FOREIGN_TEXT=${text%x}
  size=$(stat -c %s -- "$ROOT$FOREIGN_FILE")
  [[ ${#FOREIGN_TEXT} == "$size" ]] \
    || fail "$FOREIGN_FILE has NUL bytes in it, or was changed while it was read: nothing was written. Remove them (tr -d '\\000') and run this again"
}

# Replaces our piece. TOP is a new piece for the beginning of the file.
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
  # shellcheck disable=SC2016 # the other shell expands them
  script='undo() { rm -f -- "$2"; echo "$5"; exit 1; };
    rm -f -- "$2" && cp -a -- "$1" "$2" && cat >"$2" || undo "$@" "is the file system full?";
    test "$(sha256sum <"$2")" = "$4" || undo "$@" "the text was not written completely; is the file system full?";
    sync -- "$2" || undo "$@" "it can not be flushed to the disk";
    test "$(sha256sum <"$1")" = "$3" || undo "$@" "somebody else has just changed it; run this again";
    mv -fT -- "$2" "$1"'
  # On one line: as_postgres quotes it for another shell.
  script=${script//$'\n'/ }
  OUTPUT=$(printf '%s' "$text" | ${FOREIGN_RUNNER[@]+"${FOREIGN_RUNNER[@]}"} sh -c "$script" sh \
    "$ROOT$FOREIGN_FILE" "$staged" "$before" "$after" 2>&1) || fail "can't write $FOREIGN_FILE: $OUTPUT"
  FOREIGN_TEXT=$text
  # A former text is back: its copy is not needed any more.
  kept_foreign "$after"
  [[ ! -e $REPLY ]] || printf '%s\n' "$REPLY" >>"$JOURNAL/discard"
}

kept_foreign() { # DIGEST
  REPLY=$STATE/kept/${FOREIGN_FILE##*/}-${1:0:12}
}

# Keeps a copy of the file before our piece is changed, unless its present state is the one that we made: what
# somebody else wrote must not get lost. Its name comes from its content: a repeated run keeps no second copy.
keep_foreign() { # KEY LIVE WANT
  [[ $2 != "$3" && $2 != "${MADE[$1]-}" ]] || return 0
  kept_foreign "$(printf '%s' "$FOREIGN_TEXT" | sha256sum)"
  write_file "$REPLY" "$FOREIGN_TEXT"
  changed "kept $FOREIGN_FILE as it was before: ${REPLY#"$ROOT"}"
}
