
# --- logrotate: one bad or repeated entry stops the rotation of others, so the whole is validated ---------

readonly LOGROTATE_CONF=/etc/logrotate.conf LOGROTATE_TREE=/etc/logrotate.d

validate_logrotate() {
  local path index target before after line fresh='' changes=no
  for path in ${C_PATH[@]+"${C_PATH[@]}"}; do
    if [[ $path == "$LOGROTATE_TREE"/* || $path == "$LOGROTATE_CONF" ]]; then changes=yes; fi
  done
  [[ $changes == yes ]] || return 0
  if ! have logrotate; then
    [[ $VERB == remove ]] && return 0
    fail 'logrotate is not installed: install its package first'
  fi
  mkdir -p -- "$WORK/before" "$WORK/after"
  if [[ -d $ROOT$LOGROTATE_TREE ]]; then
    must "can't copy $LOGROTATE_TREE" cp -a -- "$ROOT$LOGROTATE_TREE/." "$WORK/before"
    must "can't copy $LOGROTATE_TREE" cp -a -- "$ROOT$LOGROTATE_TREE/." "$WORK/after"
  fi
  if [[ -e $ROOT$LOGROTATE_CONF ]]; then cp -a -- "$ROOT$LOGROTATE_CONF" "$WORK/logrotate.conf"; fi
  logrotate_errors "$WORK/before"
  before=$'\n'$REPLY
  for index in "${!C_PATH[@]}"; do
    case ${C_PATH[index]} in
      "$LOGROTATE_CONF") target=$WORK/logrotate.conf ;;
      "$LOGROTATE_TREE"/*) target=$WORK/after${C_PATH[index]#"$LOGROTATE_TREE"} ;;
      *) continue ;;
    esac
    rm -rf -- "$target"
    [[ ${C_STAGED[index]} == none ]] || must "can't make the candidate" cp -a -- "${C_STAGED[index]}" "$target"
  done
  logrotate_errors "$WORK/after"
  after=$REPLY
  while IFS= read -r line; do
    [[ -n $line && $before != *$'\n'"$line"$'\n'* ]] || continue
    if [[ $line == *' duplicate log entry for '* ]]; then
      files_with_log "${line##* duplicate log entry for }"
      line+=" (it is named in $REPLY: remove it from one of them)"
    fi
    # Later errors may follow from the first one, which is therefore the last line.
    fresh=$line$'\n'$fresh
  done <<<"$after"
  [[ -z $fresh ]] || fail "logrotate refuses the new configuration: $fresh"
  [[ $before == $'\n' ]] || note "logrotate reports errors in files of this host that are not ours: ${before//$'\n'/ }"
}

# Leaves the files of the candidate that name a log, by its path or by a pattern.
files_with_log() { # LOG
  local file words=() word script found=''
  for file in "$WORK/logrotate.conf" "$WORK/after"/*; do
    [[ -f $file ]] || continue
    script=no
    while read -r -a words; do
      case ${words[0]-} in
        postrotate | prerotate | firstaction | lastaction | preremove) script=yes ;;
        endscript) script=no ;;
      esac
      [[ $script == no ]] || continue
      for word in ${words[@]+"${words[@]}"}; do
        word=${word//\"/}
        word=${word%\{}
        # A pattern's * stays within a directory.
        # shellcheck disable=SC2053 # it is a pattern
        if [[ $word == /* && $1 == $word && ${word//[^\/]/} == "${1//[^\/]/}" && $found != *"$file "* ]]; then found+="$file "; fi
      done
    done <"$file"
  done
  found=${found//"$WORK/after"/$LOGROTATE_TREE}
  found=${found//"$WORK/logrotate.conf"/$LOGROTATE_CONF}
  found=${found% }
  REPLY=${found// / and }
}

# Leaves the errors of the whole configuration with a directory in place of /etc/logrotate.d, one per
# line. The exit status tells nothing: older versions end with 0 after an error.
logrotate_errors() { # DIRECTORY
  local line errors='' whole=$1.conf
  if [[ -e $WORK/logrotate.conf ]]; then
    sed "s|^\([[:space:]]*include[[:space:]][[:space:]]*\)$LOGROTATE_TREE/*[[:space:]]*\$|\1$1|" "$WORK/logrotate.conf" >"$whole"
  else
    printf 'include %s\n' "$1" >"$whole"
  fi
  attempt logrotate -d -s "$1.status" "$whole"
  while IFS= read -r line; do
    line=${line//"$1"/$LOGROTATE_TREE}
    line=${line//"$whole"/$LOGROTATE_CONF}
    if [[ $line == *error:* ]]; then errors+="${line#*error: }"$'\n'; fi
  done <<<"$OUTPUT"
  REPLY=$errors
}

# --- sudoers: a file that visudo refuses would make sudo unusable for everybody ---------------------------

validate_sudoers() {
  local index
  for index in ${C_PATH[@]+"${!C_PATH[@]}"}; do
    [[ ${C_CHECK[index]} == sudoers ]] || continue
    have visudo || fail "${C_PATH[index]}: visudo is missing: install the package sudo"
    attempt visudo -cf "${C_STAGED[index]}" && continue
    # From sudo 1.9 on the line itself and a caret below it follow.
    REPLY=$(grep -E 'error|permissions|: ' <<<"$OUTPUT") || REPLY=$OUTPUT
    fail "visudo refuses ${C_PATH[index]}: ${REPLY//"${C_STAGED[index]}"/${C_PATH[index]}}"
  done
}

# Rules are in force when sudo lists them. Our file has no effect when /etc/sudoers includes no directory, or
# when the host has its rules elsewhere.
prove_sudoers() {
  local index user rule listed
  for index in ${E_KIND[@]+"${!E_KIND[@]}"}; do
    [[ ${E_ATTRIBUTES[index]} == *' check=sudoers '* ]] || continue
    have sudo || continue
    while read -r user rule; do
      [[ $rule =~ ^ALL=\(root\)\ NOPASSWD:\ (/.*)$ ]] || continue
      rule=${BASH_REMATCH[1]}
      attempt sudo -n -l -U "$user"
      read -r -d '' -a listed <<<"$OUTPUT"
      case " ${listed[*]} " in
        *" NOPASSWD: $rule "* | *" NOPASSWD: $rule, "* | *", $rule "* | *", $rule, "*) ;;
        *' may run the following commands on '* | *" User $user is not allowed to run sudo on "*)
          fail "${E_PATH[index]} has no effect: \"sudo -l -U $user\" does not list \"$rule\". Add the line \"#includedir /etc/sudoers.d\" to the end of /etc/sudoers (with visudo), or look in /etc/nsswitch.conf (sudoers:) where this host has its rules"
          ;;
        *) note "can't check with sudo whether ${E_PATH[index]} is in force: ${listed[*]}" ;;
      esac
    done <<<"${E_CONTENT[index]}"
  done
}
