
# --- As another user: files in a user's own directories are written by that user, never by root ----------
#
# If root writes where a user can plant a link, it writes wherever the user wants, and if root reads there, it
# reads whatever the user wants. So programs that run as the owner make releases and virtualenvs, and read the
# files there that root needs (print_as). Root relies on what they print.
# The owner can replace the interpreter of a virtualenv: it gets no open file of root.

AS_ENVIRONMENT=() # variables beyond the few that every program gets
AS_UMASK=022      # nginx must be able to read most of what is made

UTF8_LOCALE='' # the locale, once found

# Leaves a UTF-8 locale of this host: without one, Python before 3.7 expects file names in ASCII. glibc
# of Enterprise Linux 7 and older has no C.UTF-8. Status 1: there is none; leaves C.UTF-8.
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

readonly NO_UTF8_LOCALE='this host has neither the locale C.UTF-8 nor en_US.UTF-8: before Python 3.7 the application fails on file names that are not ASCII. Install glibc-langpack-en, or run on the host as root: localedef -i en_US -f UTF-8 en_US.UTF-8'

# Runs a command in a directory, in an environment as empty as a service's. It inherits the caller's stdin: a pipe
# or /dev/null, never a file that root opened.
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
    # This shell keeps our locks as long as the command runs; the command gets only stdin, stdout and stderr.
    (
      close_descriptors
      # shellcheck disable=SC2016 # the inner shell expands them
      exec runuser -s /bin/sh -c 'cd -- "$1" && shift && exec env -i "$@"' "$user" -- \
        sh "$ROOT$directory" PATH="$PATH" HOME="$ROOT$home" USER="$user" LOGNAME="$user" LANG="$locale" \
        ${AS_ENVIRONMENT[@]+"${AS_ENVIRONMENT[@]}"} "$@"
    )
    exit "$?"
  )
}

# Closes whatever this shell has open except stdin, stdout and stderr. bash itself uses 255, and passes it to no
# command.
close_descriptors() {
  local path fd
  for path in /proc/self/fd/*; do
    fd=${path##*/}
    ((fd <= 2 || fd == 255)) || exec {fd}>&-
  done
}

# Runs one of our Python programs as a user. It gets the program first on stdin, then the caller's stdin.
python_as() { # USER DIRECTORY INTERPRETER PROGRAM WORD...
  local user=$1 directory=$2 interpreter=$3 program
  program=$("python_$4")
  shift 4
  {
    printf '%s' "$program"
    cat
  } 2>/dev/null | as_user "$user" "$directory" "$interpreter" -c "$PYTHON_START" "${#program}" "$@"
}

# Reads exactly the bytes of the program from stdin.
readonly PYTHON_START='import os, sys; exec(compile(b"".join(os.read(0, 1) for _ in range(int(sys.argv.pop(1)))), "<tracks>", "exec", 0, True))'

# Prints a file, or its first bytes, as a user who may read it. A link is not followed, and a pipe is not waited
# for.
print_as() { # USER FILE [BYTES]
  local bound=()
  [[ -z ${3-} ]] || bound=("count=$((($3 + 65535) / 65536))")
  as_user "$1" "${2%/*}" dd if="./${2##*/}" iflag=nofollow,nonblock bs=65536 ${bound[@]+"${bound[@]}"} 2>/dev/null </dev/null
}

# Leaves the home of a user in REPLY.
home_of() { # USER
  local entry
  entry=$(getent passwd "$1") || fail "there is no user $1 on this host: create it first (useradd $1)"
  IFS=: read -r _ _ _ _ _ REPLY _ <<<"$entry"
}

# Leaves the last lines of a text in REPLY, which say the reason.
last_lines() { # COUNT TEXT
  REPLY=$(printf '%s\n' "$2" | grep -v '^[[:space:]]*$' | tail -n "$1")
}
