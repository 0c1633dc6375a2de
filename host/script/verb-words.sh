
# --- Words of a verb: NAME=VALUE, in any order ---------------------------------------------------------------

# Leaves the words in the caller's variables of the same names; fails where one is unknown or has no value, or a
# needed one is missing.
verb_words() { # VERB NEEDED,... OPTIONAL,...|'' WORD...
  local verb=$1 needed=$2 known=$2${3:+,$3} word name
  shift 3
  for word in "$@"; do
    name=${word%%=*}
    if [[ $word != *=?* ]] || ! contains_word "$known" "$name"; then
      fail "$verb accepts ${known//,/=, }=, not \"$word\""
    fi
    printf -v "$name" %s "${word#*=}"
  done
  for name in ${needed//,/ }; do
    [[ -n ${!name} ]] || fail "$verb needs ${needed//,/, }"
  done
}
