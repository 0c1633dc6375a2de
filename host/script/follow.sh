
# --- Follow: prints logs as they grow, each line after the name of its file. Reads only ---------------------

# Reads at most this much of a log to find its last lines.
readonly HISTORY_BYTES=$((16 * 1024 * 1024))

# Programs for the shell that reads, perhaps as another user.
# shellcheck disable=SC2016
readonly FILES_OF_PATTERN='for name in $1; do [ ! -f "$name" ] || echo "$name"; done'
# Prints the present size of the file first: following begins after it.
# shellcheck disable=SC2016
readonly LAST_LINES='size=$(stat -c %s -- "./$1") || size=0
start=1
[ "$size" -le "$3" ] || start=$((size - $3 + 1))
echo "$size"
tail -c "+$start" -- "./$1" | head -c "$((size - start + 1))" | tail -n "$2"'

FOLLOWED_FILES=() FOLLOWED_SIZES=() FOLLOWED_WRITERS=()

# Prints "zone OFFSET", the last lines of each file as "PATH<tab>LINE", "live", and then new lines; "pid
# NAME<tab>PID" at the start and whenever a pid file changes. Ends when descriptor 3 is closed.
follow() { # live=yes|no lines=N pid=uwsgi|nginx... file=PATTERN...
  local argument live=no lines=10 pids=() patterns=() index
  for argument in "$@"; do
    case $argument in
      live=yes | live=no) live=${argument#live=} ;;
      lines=*) lines=${argument#lines=} ;;
      pid=uwsgi | pid=nginx) pids+=("${argument#pid=}") ;;
      file=/*) patterns+=("${argument#file=}") ;;
      *) fail "follow accepts live=yes|no, lines=N, pid=uwsgi|nginx and file=PATTERN, not \"$argument\"" ;;
    esac
  done
  [[ $lines =~ ^[0-9]+$ ]] || fail "follow: lines=$lines: must be a number"
  printf 'zone\t%s\n' "$(date +%z)"
  find_pid_files ${pids[@]+"${pids[@]}"}
  tell_pids
  for argument in ${patterns[@]+"${patterns[@]}"}; do
    print_history "$argument" "$lines"
  done
  printf 'live\t\n'
  [[ $live == yes ]] || return 0
  for index in ${FOLLOWED_FILES[@]+"${!FOLLOWED_FILES[@]}"}; do
    follow_file "$index" &
  done
  while :; do
    IFS= read -r -t 1 -u 3 argument
    # A status above 128 means that the second has passed, 1 means the end.
    [[ $? != 1 ]] || break
    tell_pids
  done
  # The child processes watch this one, and end within a second.
}

# Prints the last lines of the files that match a pattern now. A directory that another user can write to is read as
# that user.
print_history() { # PATTERN LINES
  local directory=${1%/*} pattern=${1##*/} name names size
  [[ -d $ROOT$directory ]] || return 0
  if ! (resolve_directory "$directory") 2>/dev/null; then
    printf 'note\t%s is not read, since another user could have made a link on its path\n' "$1"
    return
  fi
  resolve_directory "$directory"
  directory=$REPLY
  if [[ -n $WRITER ]] && ! known_account passwd "$WRITER"; then
    printf 'note\t%s is not read, since %s can write to its directory\n' "$1" "$WRITER"
    return
  fi
  names=$(in_log_directory "$WRITER" "$directory" sh -c "$FILES_OF_PATTERN" sh "$pattern")
  while IFS= read -r name; do
    [[ $name =~ ^[A-Za-z0-9._@+-]+$ ]] || continue
    {
      IFS= read -r size
      mark_lines "$directory/$name"
    } < <(in_log_directory "$WRITER" "$directory" sh -c "$LAST_LINES" sh "$name" "$2" "$HISTORY_BYTES")
    FOLLOWED_FILES+=("$directory/$name")
    FOLLOWED_SIZES+=("${size:-0}")
    FOLLOWED_WRITERS+=("$WRITER")
  done <<<"$names"
}

follow_file() { # INDEX
  local file=${FOLLOWED_FILES[$1]}
  in_log_directory "${FOLLOWED_WRITERS[$1]}" "${file%/*}" \
    tail -c "+$((FOLLOWED_SIZES[$1] + 1))" -F --pid="$$" -- "./${file##*/}" 2>/dev/null | mark_lines "$file"
}

in_log_directory() { # WRITER|"" DIRECTORY COMMAND...
  local writer=$1 directory=$2
  shift 2
  if [[ -n $writer ]]; then
    as_user "$writer" "$directory" "$@" </dev/null
  else
    (
      exec 3<&-
      cd -P -- "$ROOT$directory" && exec "$@" </dev/null
    )
  fi
}

mark_lines() { # FILE
  sed -u "s|^|$1\\t|"
}

# --- Pid files, which a restart changes ---

PID_FILES=() PID_NAMES=() PIDS=()

find_pid_files() { # uwsgi|nginx...
  local name file
  for name in "$@"; do
    file=''
    if [[ $name == nginx ]]; then
      configured_pid_path
      [[ -n $REPLY ]] || nginx_pid_path
      file=$REPLY
    else
      uwsgi_ini
      if [[ -n $REPLY ]]; then
        uwsgi_option "$ROOT$REPLY" pidfile ''
        file=$REPLY
      fi
    fi
    [[ -n $file ]] || continue
    PID_NAMES+=("$name")
    PID_FILES+=("$file")
    PIDS+=('')
  done
}

tell_pids() {
  local index pid
  for index in ${PID_FILES[@]+"${!PID_FILES[@]}"}; do
    pid=gone
    if [[ -e $ROOT${PID_FILES[index]} ]]; then
      pid=''
      read -r pid 2>/dev/null <"$ROOT${PID_FILES[index]}"
      # The file is empty for a moment while it is written.
      [[ -n $pid ]] || continue
    fi
    [[ $pid != "${PIDS[index]}" ]] || continue
    PIDS[index]=$pid
    printf 'pid\t%s %s\n' "${PID_NAMES[index]}" "$pid"
  done
}
