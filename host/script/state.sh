
# --- State: what the script remembers, all of it below /var/lib/tracks, readable by root only -------
#
#   records                    one line per owned path or setting: key, owners, what was there before, what we made
#   resources/SCOPE/NAME/      manifest (secrets masked), facts, digest, via, repair
#                              and `waits-for-deployment`: its settings are in place, and not in force yet
#   kept/                      what a manifest replaced, and what was edited by hand after that
#   journal/SUBSYSTEM/         the steps of the run in progress, or of one that was interrupted
#   stage/, work/              candidates; empty between runs
#   stores                     directories like this one's kept/ and stage/ on other file systems
#   audit.log                  one line per change

readonly AUDIT_LINES=5000
readonly AUDIT_BYTES=$((1024 * 1024))

open_state() {
  ((EUID == 0)) || fail "only root can run this: run it as root or through sudo"
  must "can't make $STATE" mkdir -p -m 0700 -- "$STATE"
  must "can't make room below $STATE" \
    mkdir -p -- "$STATE/kept" "$STATE/journal" "$STATE/work" "$STATE/stage" "$STATE/resources"
  [[ $(stat -c '%F %u %a' -- "$STATE") == 'directory 0 700' ]] \
    || fail "$STATE must be a directory of root with mode 0700. As root, run: chown root $STATE; chmod 0700 $STATE"
}

# Replaces a file of ours as a whole: a reader sees the old text or the new one, even after a power cut.
write_file() { # FILE TEXT
  printf '%s' "$2" >"$1.new" || fail "can't write $1: is the file system full?"
  replace_files "$1"
}

# Renames each FILE.new to FILE, once it is on the disk: otherwise, on XFS, a power cut may leave the rename and
# none of the text.
replace_files() { # FILE...
  local file
  (($# > 0)) || return 0
  must "can't flush to the disk what was written" sync -- "${@/%/.new}"
  for file in "$@"; do
    must "can't write $file" mv -f -- "$file.new" "$file"
  done
}

# Removes a kept file, also one that a killed run had begun to write.
forget_kept() { # NAME
  rm -f -- "$STATE/kept/$1" "$STATE/kept/$1.new"
}

# Appends one line per change; the caller holds the records lock.
audit() { # KIND LINE...
  audit_lines "$@" >>"$STATE/audit.log"
  trim_audit
}

# Appends prepared lines, but not again what a killed run has appended; the caller holds the records lock.
audit_once() { # FILE
  local appended
  appended=$(grep -axF -f "$1" -- "$STATE/audit.log" 2>/dev/null)
  grep -avxF -f <(printf '%s\n' "$appended") -- "$1" >>"$STATE/audit.log"
  trim_audit
}

# Prints the lines of the audit log for some changes.
audit_lines() { # intended|corrective|operated LINE...
  local kind=$1 line
  shift
  utc_now
  for line in "$@"; do
    printf '%s %s/%s %s %s\n' "$REPLY" "$SCOPE" "$RESOURCE" "$kind" "$line"
  done
}

trim_audit() {
  local log=$STATE/audit.log
  if [[ $(stat -c %s -- "$log") -gt $AUDIT_BYTES ]]; then
    tail -n "$AUDIT_LINES" -- "$log" >"$log.new" && mv -f -- "$log.new" "$log"
  fi
}
