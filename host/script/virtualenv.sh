
# --- Virtualenvs: one per digest of its input, built at its final path, complete or absent ---------------

VIRTUALENV='' VIRTUALENVS='' # path of the one that the release needs, and the directory of all

# Looks for the virtualenv of the release, or builds it.
run_virtualenv() { # find|build
  local index python database extra=() line
  only_entry virtualenv || return 1
  index=$REPLY
  VIRTUALENVS=${E_PATH[index]}
  attribute "$index" python /usr/bin/python3
  python=$REPLY
  [[ -x $ROOT$python ]] || fail "the interpreter $python is not installed on this host: install its package first"
  attribute "$index" requirements requirements.txt
  local requirements=$REPLY
  attribute "$index" database none
  database=$REPLY
  while IFS= read -r line; do
    [[ -z $line ]] || extra+=("$line")
  done <<<"${E_CONTENT[index]}"
  OUTPUT=$(python_as "$RELEASE_OWNER" "$RELEASE" "$ROOT$python" whole_virtualenv "$1" "$ROOT$VIRTUALENVS" "$requirements" "$database" ${extra[@]+"${extra[@]}"} 2>&1 </dev/null) \
    || return 1
  # Warnings of the interpreter may precede the last line.
  REPLY=${OUTPUT##*$'\n'}
  [[ $REPLY =~ ^(built|present|absent)\ [0-9a-f]{12}$ ]] || return 1
  VIRTUALENV=$VIRTUALENVS/${REPLY#* }
  REPLY=${REPLY% *}
}

# Prints the program; its last part uses the others.
python_whole_virtualenv() {
  python_requirements
  python_pip_settings
  python_virtualenv
}

build_virtualenv() {
  run_virtualenv build || {
    last_lines 8 "$OUTPUT"
    fail "can't build the virtualenv of $RELEASE: $REPLY"
  }
  [[ $REPLY != built ]] || changed "built virtualenv $VIRTUALENV"
  FACTS+=("thing virtualenv $VIRTUALENV${TAB}present")
}

state_virtualenv() { # PATH
  if [[ -f $ROOT$1/.tracks-virtualenv ]]; then REPLY=present; else REPLY=absent; fi
}
