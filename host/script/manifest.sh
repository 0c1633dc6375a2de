
# --- Manifest: read as a whole, all errors reported at once, before anything is changed ---------------

readonly MANIFEST_VERSION=1
readonly PATH_PATTERN='^(/[A-Za-z0-9._@%+:,=~-]+)+$'
readonly WORD_PATTERN='^[][A-Za-z0-9._@%+:,=~/!#-]+$'
readonly NAME_PATTERN='^[A-Za-z0-9_][A-Za-z0-9._-]*$'
# Each has a lock and, while a run changes it, a journal.
readonly SUBSYSTEMS='none packages users nginx logrotate postgresql pip uwsgi source settings application data-migration'

FAULTS=()
MANIFEST=()     # its lines
SUBSYSTEM=''
VIA=''

# The entries, one index each. Paths have attributes; everything else (a "thing" in this script) has a key.
E_KIND=() E_LINE=() E_PATH=() E_ATTRIBUTES=() E_WORDS=() E_CONTENT=() E_LINES=()

fault() { # LINE-NUMBER TEXT
  FAULTS+=("line $1: $2")
}

# Reads the manifest from stdin. Drops what precedes its first line, without showing it: a password for sudo
# is there when sudo did not ask for one.
read_manifest() {
  local line seen=no
  while IFS= read -r line || [[ -n $line ]]; do
    [[ $seen == no && $line == "tracks-manifest "* ]] && seen=yes
    [[ $seen == yes ]] && MANIFEST+=("$line")
  done
  exec </dev/null
}

parse_manifest() {
  local number=0 line last=-1 ended=no
  ((${#MANIFEST[@]} > 0)) || fail 'there is no manifest on stdin: its first line must be "tracks-manifest 1"'
  [[ ${MANIFEST[0]} == "tracks-manifest $MANIFEST_VERSION" ]] \
    || fail "the manifest has the version \"${MANIFEST[0]#* }\", and this script accepts only $MANIFEST_VERSION: install the script again"

  for line in "${MANIFEST[@]}"; do
    number=$((number + 1))
    if [[ $ended == yes ]]; then
      fault "$number" "something follows the line \"end\""
      break
    fi
    case $line in
      'tracks-manifest '*) ((number == 1)) || fault "$number" "a second manifest begins" ;;
      end) ended=yes ;;
      '|' | '| '*) parse_content "$number" "$line" "$last" ;;
      *)
        parse_entry "$number" "$line"
        last=$((${#E_KIND[@]} - 1))
        ;;
    esac
  done
  [[ $ended == yes ]] || fault "$number" "the last line is not \"end\": the manifest is incomplete"
  check_entries
  report_faults
}

report_faults() {
  local line first=''
  ((${#FAULTS[@]} > 0)) || return 0
  while IFS= read -r line; do
    first=${first:-$line}
    printf '%s\n' "$line" >&2
  done < <(printf '%s\n' "${FAULTS[@]}" | sort -s -n -k 2)
  fail "the manifest of $RESOURCE has ${#FAULTS[@]} error(s), the first in $first; nothing was touched"
}

parse_content() { # LINE-NUMBER LINE INDEX-OF-ENTRY
  local number=$1 line=$2 index=$3
  case ${E_KIND[index]-none} in
    file | setting | password | postgresql-role | deploy-key | git-host-key | virtualenv | data-load) ;;
    *)
      fault "$number" "a line of content follows an entry that takes none"
      return
      ;;
  esac
  line=${line#|}
  if has_placeholders "$index"; then check_placeholders "$number" "$line"; fi
  E_CONTENT[index]+=${line# }$'\n'
  E_LINES[index]=$((E_LINES[index] + 1))
}

add_entry() { # LINE-NUMBER KIND PATH WORDS ATTRIBUTES
  E_LINE+=("$1")
  E_KIND+=("$2")
  E_PATH+=("$3")
  E_WORDS+=("$4")
  E_ATTRIBUTES+=(" $5 ")
  E_CONTENT+=('')
  E_LINES+=(0)
}

parse_entry() { # LINE-NUMBER LINE
  local number=$1 words=() kind rest
  read -r -a words <<<"$2"
  kind=${words[0]-}
  rest=${words[*]:1}
  case $kind in
    resource)
      [[ $rest == "$RESOURCE" ]] || fault "$number" "it is the manifest of \"$rest\", not of \"$RESOURCE\""
      ;;
    subsystem)
      if [[ " $SUBSYSTEMS " == *" $rest "* && $rest != *' '* ]]; then
        SUBSYSTEM=$rest
      else
        fault "$number" "subsystem \"$rest\": must be one of ${SUBSYSTEMS// /, }"
      fi
      ;;
    via) VIA=$rest ;;
    file | directory | absent | release | virtualenv | application | secret-key) parse_path "$number" "$kind" "${words[@]:1}" ;;
    symlink) parse_symlink "$number" "${words[@]:1}" ;;
    setting) parse_setting "$number" "${words[@]:1}" ;;
    package) parse_words "$number" package 1 99 "${words[@]:1}" ;;
    pip-package) parse_pip_package "$number" "${words[@]:1}" ;;
    module) parse_module "$number" "${words[@]:1}" ;;
    service | password | deploy-key | git-host-key) parse_words "$number" "$kind" 1 1 "${words[@]:1}" ;;
    data-load) parse_data_load "$number" "${words[@]:1}" ;;
    user) parse_user "$number" "${words[@]:1}" ;;
    postgresql-*) parse_postgresql "$number" "${words[@]}" ;;
    selinux-boolean) parse_words "$number" "$kind" 2 2 "${words[@]:1}" ;;
    selinux-port) parse_words "$number" "$kind" 3 3 "${words[@]:1}" ;;
    firewall-port) parse_words "$number" "$kind" 2 2 "${words[@]:1}" ;;
    selinux-context) add_entry "$number" "$kind" - "$rest" '' ;;
    *)
      # The line may be a secret that lost its bar: it is not shown.
      fault "$number" "unknown entry (a line of content begins with \"| \")"
      ;;
  esac
}

parse_path() { # LINE-NUMBER KIND PATH ATTRIBUTE...
  local number=$1 kind=$2 path=${3-}
  shift 3 || shift $#
  check_path "$number" "$path"
  case $kind in
    file) check_attributes "$number" 'owner mode' 'group context check secret eol unit' "$@" ;;
    directory) check_attributes "$number" 'owner mode' 'group context unit' "$@" ;;
    absent) check_attributes "$number" '' 'of' "$@" ;;
    release) check_attributes "$number" 'owner wsgi requirements' 'archive login sha256 git commit' "$@" ;;
    virtualenv) check_attributes "$number" 'python' 'requirements database' "$@" ;;
    application)
      check_attributes "$number" 'owner wsgi shared backups current' 'settings production health host port keep client database' "$@"
      ;;
    secret-key) check_attributes "$number" 'owner' '' "$@" ;;
  esac
  add_entry "$number" "$kind" "$path" '' "$*"
  if [[ " $* " == *' check=sudoers '* ]]; then check_sudoers_entry "$number" "$path" " $* "; fi
}

check_sudoers_entry() { # LINE-NUMBER PATH ATTRIBUTES
  [[ $3 == *' mode=0440 '* ]] || fault "$1" "$2: sudo accepts only files of mode 0440"
  [[ ${2##*/} != *[.~]* ]] || fault "$1" "$2: sudo ignores files with a dot or a tilde in their name"
}

parse_symlink() { # LINE-NUMBER PATH -> TARGET
  check_path "$1" "${2-}"
  if [[ $# -ne 4 || $3 != '->' || ! $4 =~ $WORD_PATTERN ]]; then
    fault "$1" "write a symlink as: symlink PATH -> TARGET"
    return
  fi
  add_entry "$1" symlink "$2" "$4" ''
}

parse_setting() { # LINE-NUMBER PATH section=S key=K
  local number=$1 path=${2-}
  shift 2 || shift $#
  if [[ $path == @@* ]]; then check_placeholders "$number" "$path"; else check_path "$number" "$path"; fi
  check_attributes "$number" 'section key' '' "$@"
  add_entry "$number" setting "$path" '' "$*"
}

parse_user() { # LINE-NUMBER NAME ATTRIBUTE...
  local number=$1 name=${2-}
  shift 2 || shift $#
  [[ $name =~ $NAME_PATTERN ]] || fault "$number" "\"$name\" is not a user name"
  check_attributes "$number" 'home shell system' 'groups' "$@"
  add_entry "$number" user - "$name" "$*"
}

parse_pip_package() { # LINE-NUMBER NAME VERSION ATTRIBUTE...
  local number=$1 name=${2-} version=${3-}
  shift 3 || shift $#
  [[ $name =~ $NAME_PATTERN && $version =~ ^[0-9][0-9A-Za-z.]*$ ]] \
    || fault "$number" "\"$name $version\": write a pip package as: pip-package NAME VERSION python=PATH program=NAME"
  check_attributes "$number" 'python program' '' "$@"
  add_entry "$number" pip-package - "$name $version" "$*"
}

parse_module() { # LINE-NUMBER MODULE:STREAM [package=NAME]
  local number=$1 stream=${2-}
  shift 2 || shift $#
  [[ $stream =~ ^[A-Za-z0-9][A-Za-z0-9._+-]*:[A-Za-z0-9][A-Za-z0-9._+-]*$ ]] || fault "$number" "\"$stream\": write a module as: module NAME:STREAM [package=NAME]"
  check_attributes "$number" '' 'package' "$@"
  add_entry "$number" module - "$stream" "$*"
}

parse_data_load() { # LINE-NUMBER NAME ATTRIBUTE...
  local number=$1 name=${2-}
  shift 2 || shift $#
  [[ $name =~ $NAME_PATTERN ]] || fault "$number" "data-load \"$name\": a name may have only letters, digits and . _ -"
  check_attributes "$number" 'release python user production dump login digest backups' 'confirm client settings' "$@"
  add_entry "$number" data-load - "$name" "$*"
}

parse_words() { # LINE-NUMBER KIND LEAST MOST WORD...
  local number=$1 kind=$2 least=$3 most=$4 word
  shift 4
  if (($# < least || $# > most)); then
    fault "$number" "$kind takes $least word(s), not $#"
    return
  fi
  for word in "$@"; do
    [[ $word =~ $WORD_PATTERN && $word != -* ]] || fault "$number" "$kind \"$word\": a name may have only letters, digits and . _ - + : @"
  done
  add_entry "$number" "$kind" - "$*" ''
}

check_path() { # LINE-NUMBER PATH
  [[ $2 =~ $PATH_PATTERN ]] || fault "$1" "path \"$2\": must be an absolute path of letters, digits and . _ - + @ % : , = ~"
  # With . and .. one path could have two names in the records.
  [[ ! $2 =~ /\.{1,2}(/|$) ]] || fault "$1" "path \"$2\": write it without . and .."
}

check_attributes() { # LINE-NUMBER REQUIRED OPTIONAL ATTRIBUTE...
  local number=$1 required=$2 optional=$3 attribute key value
  shift 3
  for attribute in "$@"; do
    key=${attribute%%=*}
    value=${attribute#*=}
    if [[ $attribute != *=* || " $required $optional " != *" $key "* ]]; then
      fault "$number" "attribute \"$key\": allowed are ${required:-none} $optional"
    elif [[ ! $value =~ $WORD_PATTERN ]]; then
      fault "$number" "attribute $key=\"$value\": must be one word"
    else
      check_value "$number" "$key" "$value"
    fi
  done
  for key in $required; do
    [[ " $* " == *" $key="* ]] || fault "$number" "attribute \"$key\" is missing"
  done
}

check_value() { # LINE-NUMBER KEY VALUE
  case $2 in
    mode) [[ $3 =~ ^[0-7]{4}$ ]] || fault "$1" "mode=$3: must be four octal digits, such as 0644" ;;
    owner | group) [[ $3 =~ $NAME_PATTERN ]] || fault "$1" "$2=$3: must be a name, not a number" ;;
    home | shell | python | shared | backups | current | release | client) check_path "$1" "$3" ;;
    program) [[ $3 =~ $NAME_PATTERN ]] || fault "$1" "program=$3: must be the name of a program" ;;
    digest | confirm) [[ $3 =~ ^[0-9a-f]{64}$ ]] || fault "$1" "$2=$3: must be a SHA-256 in hex" ;;
    secret | eol | system | createdb | createrole | production) [[ $3 == yes || $3 == no ]] || fault "$1" "$2=$3: must be yes or no" ;;
    unit) [[ $3 =~ $NAME_PATTERN && $3 == *.* ]] || fault "$1" "unit=$3: must be the full name of a systemd unit, such as logrotate.service" ;;
    check) [[ $3 == sudoers ]] || fault "$1" "check=$3: must be sudoers" ;;
    of) [[ $3 == package ]] || fault "$1" "of=$3: must be package" ;;
    context) [[ $3 =~ ^[a-z0-9_]+$ ]] || fault "$1" "context=$3: must be an SELinux type, such as httpd_log_t" ;;
    *) check_postgresql_value "$1" "$2" "$3" ;;
  esac
}

# What only the whole manifest shows.
check_entries() {
  local index key seen=' '
  [[ -n $SUBSYSTEM ]] || fault 1 'the line "subsystem" is missing'
  for index in ${E_KIND[@]+"${!E_KIND[@]}"}; do
    if [[ ${E_KIND[index]} == postgresql-* && $SUBSYSTEM != postgresql ]]; then
      fault "${E_LINE[index]}" "${E_KIND[index]} belongs to the subsystem postgresql"
    fi
    case ${E_KIND[index]} in
      file | directory | symlink | absent)
        key=${E_PATH[index]}
        [[ $seen != *" $key "* ]] || fault "${E_LINE[index]}" "$key is in the manifest twice"
        seen+="$key "
        ;;
      setting | password | postgresql-role)
        ((E_LINES[index] == 1)) || fault "${E_LINE[index]}" "${E_KIND[index]} takes one line of content, not ${E_LINES[index]}"
        ;;
      data-load) check_data_load "$index" ;;
      selinux-boolean)
        [[ ${E_WORDS[index]} =~ \ (on|off)$ ]] || fault "${E_LINE[index]}" "a boolean must be on or off"
        ;;
      selinux-port | firewall-port)
        [[ ${E_WORDS[index]} =~ (^|\ )(tcp|udp)\ [1-9][0-9]{0,4}$ && ${E_WORDS[index]##* } -le 65535 ]] \
          || fault "${E_LINE[index]}" "write a port as: tcp|udp 1-65535"
        ;;
      selinux-context)
        [[ ${E_WORDS[index]} =~ ^[a-z0-9_]+\ /[^[:space:]]*$ ]] || fault "${E_LINE[index]}" "write a context as: selinux-context TYPE PATTERN"
        ;;
    esac
  done
}

check_data_load() { # INDEX
  local line label='[A-Za-z_][A-Za-z0-9_]*\.[A-Za-z0-9_]+'
  [[ $SUBSYSTEM == data-migration ]] || fault "${E_LINE[$1]}" "data-load belongs to the subsystem data-migration"
  while IFS= read -r line; do
    [[ -z $line || $line =~ ^(rename\ $label\ $label|skip\ $label)$ ]] \
      || fault "${E_LINE[$1]}" "data-load accepts the lines \"rename OLD.MODEL NEW.MODEL\" and \"skip OLD.MODEL\", not \"$line\""
  done <<<"${E_CONTENT[$1]}"
}

# Leaves the value of an attribute in REPLY, or the default.
attribute() { # INDEX KEY DEFAULT
  local rest=${E_ATTRIBUTES[$1]}
  if [[ $rest != *" $2="* ]]; then
    REPLY=$3
    return
  fi
  rest=${rest#*" $2="}
  REPLY=${rest%% *}
}

# Leaves the manifest as it may be stored and shown: secret content masked, and without the login.
masked_manifest() {
  local line secret=no masked=no text=''
  for line in "${MANIFEST[@]}"; do
    case $line in
      'via '*) ;;
      '|'*)
        if [[ $secret == no ]]; then
          text+=$line$'\n'
        elif [[ $masked == no ]]; then
          text+='| [secret]'$'\n'
          masked=yes
        fi
        ;;
      *)
        text+=$line$'\n'
        masked=no
        case $line in
          'password '* | 'postgresql-role '* | 'deploy-key '* | *' secret=yes'*) secret=yes ;;
          *) secret=no ;;
        esac
        ;;
    esac
  done
  REPLY=$text
}

# Leaves a digest that tells one manifest from another; the login does not count.
manifest_digest() {
  local line text=''
  for line in "${MANIFEST[@]}"; do
    [[ $line == 'via '* ]] || text+=$line$'\n'
  done
  REPLY=$(printf '%s' "$text" | sha256sum)
  REPLY=${REPLY%% *}
}
