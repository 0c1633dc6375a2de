
# --- As another user: what lies in a user's own directories is made by that user, never by root ----------
#
# Root that writes where a user may plant a link writes wherever the user wants, and root that reads there
# reads whatever the user wants. So releases and virtualenvs are made by programs that run as their owner,
# and what root has to know of a file there is read in its owner's name (print_as). Root takes their word.
# The interpreter of a virtualenv is its owner's to replace: nothing that root has open is left to it.

AS_ENVIRONMENT=() # variables beyond the few that every program gets
AS_UMASK=022      # most of what is made is for nginx to read too

UTF8_LOCALE='' # what was found

# Leaves a UTF-8 locale that this host has: Python before 3.7 takes names of files for ASCII otherwise. glibc
# of Enterprise Linux 7 and older has no C.UTF-8. Status 1: there is none, and C.UTF-8 is left.
utf8_locale() {
  local known
  if [[ -z $UTF8_LOCALE ]]; then
    known=$(locale -a 2>/dev/null)
    case $'\n'${known,,}$'\n' in
      *$'\nc.utf8\n'* | *$'\nc.utf-8\n'*) UTF8_LOCALE=C.UTF-8 ;;
      *$'\nen_us.utf8\n'* | *$'\nen_us.utf-8\n'*) UTF8_LOCALE=en_US.UTF-8 ;;
      *) UTF8_LOCALE=none ;;
    esac
  fi
  REPLY=${UTF8_LOCALE/none/C.UTF-8}
  [[ $UTF8_LOCALE != none ]]
}

readonly NO_UTF8_LOCALE='this host has neither the locale C.UTF-8 nor en_US.UTF-8: before Python 3.7 the application fails over names of files with umlauts. Install glibc-langpack-en, or run on the host as root: localedef -i en_US -f UTF-8 en_US.UTF-8'

# Runs a command in a directory, in an environment as empty as a service's. stdin is the caller's: a pipe or
# /dev/null, never a file that root opened.
as_user() { # USER DIRECTORY COMMAND...
  local user=$1 directory=$2 home locale
  shift 2
  home_of "$user"
  home=$REPLY
  utf8_locale
  locale=$REPLY
  (
    umask "$AS_UMASK"
    trap - TERM INT HUP PIPE
    cd /
    # This shell holds on to our locks as long as the command lives, which gets nothing but its three streams.
    (
      close_descriptors
      # shellcheck disable=SC2016 # the inner shell's words
      exec runuser -s /bin/sh -c 'cd -- "$1" && shift && exec env -i "$@"' "$user" -- \
        sh "$ROOT$directory" PATH="$PATH" HOME="$ROOT$home" USER="$user" LOGNAME="$user" LANG="$locale" \
        ${AS_ENVIRONMENT[@]+"${AS_ENVIRONMENT[@]}"} "$@"
    )
    exit "$?"
  )
}

# Closes whatever this shell has open beside the three streams. 255 is bash's own, which no command gets.
close_descriptors() {
  local path fd
  for path in /proc/self/fd/*; do
    fd=${path##*/}
    ((fd <= 2 || fd == 255)) || exec {fd}>&-
  done
}

# Runs one of our Python programs as a user. The program comes first in stdin, then what the caller has there.
python_as() { # USER DIRECTORY INTERPRETER PROGRAM WORD...
  local user=$1 directory=$2 interpreter=$3 program
  program=$("python_$4")
  shift 4
  {
    printf '%s' "$program"
    cat
  } 2>/dev/null | as_user "$user" "$directory" "$interpreter" -c "$PYTHON_START" "${#program}" "$@"
}

# Not one byte more is taken from stdin than the program has.
readonly PYTHON_START='import os, sys; exec(compile(b"".join(os.read(0, 1) for _ in range(int(sys.argv.pop(1)))), "<tracks>", "exec", 0, True))'

# Prints a file as its user may read it, and no more than so many bytes where that is given. It is opened in
# the user's name; a link in its place is not followed, and a pipe keeps nobody waiting.
print_as() { # USER FILE [BYTES]
  local bound=()
  [[ -z ${3-} ]] || bound=("count=$((($3 + 65535) / 65536))")
  as_user "$1" "${2%/*}" dd if="./${2##*/}" iflag=nofollow,nonblock bs=65536 ${bound[@]+"${bound[@]}"} 2>/dev/null </dev/null
}

# Leaves the home of a user in REPLY.
home_of() { # USER
  local entry
  entry=$(getent passwd "$1") || fail "there is no user $1 on this host; make it first"
  IFS=: read -r _ _ _ _ _ REPLY _ <<<"$entry"
}

# Leaves the last lines of a text in REPLY: the reason stands there, the rest is noise.
last_lines() { # COUNT TEXT
  REPLY=$(printf '%s\n' "$2" | grep -v '^[[:space:]]*$' | tail -n "$1")
}
