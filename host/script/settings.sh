
# --- Settings: one key in one section of an ini file that belongs to somebody else ----------------------
#
# States: `absent` without the file, `value=V`, `unset`, and `nosection`, so that a section that we had to add is
# removed with its only key.

# Reads the file; leaves the state in REPLY, and in the variables of its caller what is where:
# lines (with their ends), header (index of the section's line), place (index of the key's line, the last
# one counts), others (whether the section has other keys).
read_settings() { # PATH SECTION KEY
  local line section='' name keys=no current=''
  open_foreign "$1"
  lines=() header=-1 place=-1 others=no
  while IFS= read -r line; do
    lines+=("$line"$'\n')
    if [[ $keys == yes && $line =~ ^[[:space:]]+[^[:space:]] ]]; then
      # An indented line continues the value above it.
      [[ $current != "$3" ]] || fail "$1: the value of \"$3\" in [$2] has several lines, and only one line is allowed: write it on one line, and run this again"
    elif [[ $line =~ ^[[:space:]]*\[([^]]*)\] ]]; then
      section=${BASH_REMATCH[1]} keys=no current=''
      if [[ $section == "$2" && $header -lt 0 ]]; then header=$((${#lines[@]} - 1)); fi
    elif [[ $line == *[=:]* && $line != [\#\;]* ]]; then
      name=${line%%[=:]*}
      name=${name//[[:space:]]/} keys=yes current=''
      [[ $section == "$2" ]] || continue
      current=$name
      if [[ $name == "$3" ]]; then place=$((${#lines[@]} - 1)); else others=yes; fi
    fi
  done < <(printf '%s\n' "$FOREIGN_TEXT")
  # printf added the last end of a line.
  line=${lines[${#lines[@]} - 1]}
  lines[${#lines[@]} - 1]=${line%$'\n'}
  if ((place >= 0)); then
    line=${lines[place]#*[=:]}
    line=${line#"${line%%[![:space:]]*}"}
    REPLY=value=${line%"${line##*[![:space:]]}"}
  elif ((header >= 0)); then
    REPLY='unset'
  else
    REPLY=nosection
  fi
}

state_setting() { # PATH SECTION KEY
  local lines header place others
  if [[ -f $ROOT$1 ]]; then read_settings "$1" "$2" "$3"; else REPLY=absent; fi
}

# Leaves the lines from FROM up to, but not including, TO in REPLY.
setting_lines() { # FROM TO
  local index
  REPLY=''
  for ((index = $1; index < $2; index++)); do REPLY+=${lines[index]}; done
}

make_setting() { # STATE PATH SECTION KEY
  local line="$4=${1#value=}" lines header place others from to end=$'\n' before old='' new='' after
  read_settings "$2" "$3" "$4"
  [[ ${lines[0]} != *$'\r\n' ]] || end=$'\r\n'
  if ((place >= 0)); then
    from=$place to=$((place + 1))
    old=${lines[place]}
    if [[ $1 == value=* ]]; then
      new=$line${old##*[!$'\r\n']}
    elif [[ $1 == nosection && $others == no ]] && ((header >= 0)); then
      setting_lines $((header + 1)) "$place"
      new=$REPLY from=$header
    fi
  elif [[ $1 != value=* ]]; then
    return 0
  elif ((header >= 0)); then
    from=$((header + 1)) to=$((header + 1)) new=$line$end
  else
    from=${#lines[@]} to=${#lines[@]} new="[$3]$end$line$end"
  fi
  setting_lines 0 "$from"
  before=$REPLY
  setting_lines "$from" "$to"
  old=$REPLY
  setting_lines "$to" ${#lines[@]}
  after=$REPLY
  # If the last line of the file has no newline, it gets none.
  if [[ -z $after && -n $FOREIGN_TEXT && $FOREIGN_TEXT != *$'\n' ]]; then
    if [[ -z $old ]]; then
      new=$end${new%"$end"}
    elif [[ -z $new && -n $before ]]; then
      before=${before%$'\n'}
      before=${before%$'\r'}
      old=${FOREIGN_TEXT#"$before"}
    else
      new=${new%"$end"}
    fi
  fi
  edit_foreign '' "$before" "$old" "$new" "$after"
}

converge_setting() { # INDEX
  local path=${E_PATH[$1]} section key want="value=${E_CONTENT[$1]%$'\n'}"
  fill_placeholders "$path"
  path=$REPLY
  attribute "$1" section ''
  section=$REPLY
  attribute "$1" key ''
  key="setting $path $section $REPLY"
  [[ -f $ROOT$path ]] || refuse_missing "$path"
  thing_state "$key"
  keep_foreign "$key" "$REPLY" "$want"
  converge_thing "$key" "$want"
}
