
# --- Settings: one key in one section of an ini file that belongs to somebody else ----------------------
#
# States: `value=V`, `unset`, and `nosection`, so that a section we had to add goes with its only key.

# Leaves the real file in REPLY; nothing is written where others than root may write.
settings_file() { # PATH
  local real
  real=$(readlink -f -- "$ROOT$1") || real=''
  [[ -n $real && -f $real ]] || fail "$1 does not exist: its package makes it"
  if [[ -n $ROOT && $real != "$ROOT"/* ]]; then real=$ROOT$real; fi
  REPLY=${real#"$ROOT"}
}

# Walks the file; leaves the state in REPLY and the place of things in the variables of its caller:
# lines, header (index of the section's line), place (index of the key's line), others (whether the
# section has other lines), open_end (whether the last line lacks its end).
read_settings() { # FILE SECTION KEY
  local line index=-1 section='' name
  lines=() header=-1 place=-1 others=no open_end=no
  while IFS= read -r line || { [[ -n $line ]] && open_end=yes; }; do
    index=$((index + 1))
    lines+=("$line")
    if [[ $line =~ ^[[:space:]]*\[([^]]*)\] ]]; then
      section=${BASH_REMATCH[1]}
      if [[ $section == "$2" && $header -lt 0 ]]; then header=$index; fi
    elif [[ $section == "$2" && $line == *=* ]]; then
      name=${line%%=*}
      name=${name//[[:space:]]/}
      if [[ $name == "$3" ]]; then place=$index; else others=yes; fi
    fi
  done <"$1"
  if ((place >= 0)); then
    line=${lines[place]#*=}
    line=${line#"${line%%[![:space:]]*}"}
    REPLY=value=${line%"${line##*[![:space:]]}"}
  elif ((header >= 0)); then
    REPLY='unset'
  else
    REPLY=nosection
  fi
}

state_setting() { # PATH SECTION KEY
  local lines header place others open_end
  settings_file "$1"
  read_settings "$ROOT$REPLY" "$2" "$3"
}

make_setting() { # STATE PATH SECTION KEY
  local state=$1 section=$3 key=$4 lines header place others open_end file text='' index
  settings_file "$2"
  file=$REPLY
  read_settings "$ROOT$file" "$section" "$key"
  for index in ${lines[@]+"${!lines[@]}"}; do
    if ((index == place)); then
      [[ $state != value=* ]] || text+="$key=${state#value=}"$'\n'
      continue
    fi
    if [[ $index == "$header" && $state == nosection && $others == no ]]; then continue; fi
    text+=${lines[index]}
    # Only the last line may lack its end; it keeps lacking it.
    if [[ $open_end == no ]] || ((index < ${#lines[@]} - 1)); then text+=$'\n'; fi
    if ((index == header && place < 0)) && [[ $state == value=* ]]; then
      text+="$key=${state#value=}"$'\n'
    fi
  done
  if ((header < 0)) && [[ $state == value=* ]]; then
    [[ -z $text || $text == *$'\n' ]] || text+=$'\n'
    text+="[$section]"$'\n'"$key=${state#value=}"$'\n'
  fi
  replace_settings "$file" "$text"
}

replace_settings() { # FILE TEXT
  local staged
  store_for "${1%/*}"
  staged=$REPLY/stage/setting-$$
  must "can't stage $1" cp -a -- "$ROOT$1" "$staged"
  printf '%s' "$2" >"$staged" || fail "can't stage $1: is the file system full?"
  enter_directory "${1%/*}"
  must "can't put $1 in place" mv -fT -- "$staged" "${1##*/}"
  cd /
}

converge_setting() { # INDEX
  local path=${E_PATH[$1]} section key
  fill_placeholders "$path"
  path=$REPLY
  attribute "$1" section ''
  section=$REPLY
  attribute "$1" key ''
  key=$REPLY
  converge_thing "setting $path $section $key" "value=${E_CONTENT[$1]%$'\n'}"
}
