
# --- Records: who owns what, and what was there before ----------------------------------------------
#
# One table for everything that is shared with the rest of the host. A key is `path /etc/x`,
# `service nginx`, `selinux-boolean b`...; owners are SCOPE/NAME, separated by commas; `former` is the
# state that comes back when the last owner lets go; `made` is the state that we left, so that
# what somebody changed after us is recognised.

declare -A OWNERS=() FORMER=() MADE=()
# What the journal's outcome will do to the records: lines `own` and `disown`.
OUTCOME=()

readonly TAB=$'\t'

load_records() {
  local key owners former made
  OWNERS=() FORMER=() MADE=()
  [[ -e $STATE/records ]] || return 0
  [[ -s $STATE/records ]] || refuse_lost_records
  while IFS=$TAB read -r key owners former made; do
    [[ $key != \#* ]] || continue
    [[ -n ${made-} ]] || fail "$STATE/records is damaged at \"$key\": a line has a key, owners, what was before and what we made, with tabs between"
    OWNERS[$key]=$owners
    FORMER[$key]=$former
    MADE[$key]=$made
  done <"$STATE/records"
}

# An empty table was lost, where something is owned: one that ran out of entries says so in a line. While the
# last owners leave, others still have facts, which go after their records.
refuse_lost_records() {
  local facts
  facts=$(grep -lE '^(path|thing (service|setting|user|password)) ' -- "$STATE/resources"/*/*/facts 2>/dev/null)
  facts=${facts%%$'\n'*}
  [[ -n $facts ]] || return 0
  facts=${facts%/facts}
  fail "$STATE/records is empty, and ${facts#"$STATE/resources/"} owns things on this host: a power cut or a full disk has lost who owns what, and what was there before. Nothing was touched. Put the file back from a backup; without one, remove it (rm $STATE/records) and run this again: what is here now is taken for what was there before us then, and stays on destroy"
}

save_records() {
  local key line text=''
  while IFS= read -r line; do
    text+=$line$'\n'
  done < <(
    for key in ${OWNERS[@]+"${!OWNERS[@]}"}; do
      printf '%s\n' "$key$TAB${OWNERS[$key]}$TAB${FORMER[$key]}$TAB${MADE[$key]}"
    done | sort
  )
  [[ -n $text || ! -e $STATE/records ]] || text="# Nothing on this host is owned."$'\n'
  # What is the same waits for no disk.
  [[ ${text%$'\n'} == "$(cat -- "$STATE/records" 2>/dev/null)" ]] || write_file "$STATE/records" "$text"
}

# Plans that this resource owns a key. `sole` takes it over from a former owner in the same scope, such
# as a resource that was renamed: its later remove then finds nothing that is its own.
own() { # KEY sole|share FORMER MADE
  OUTCOME+=("own$TAB$1$TAB$2$TAB$SCOPE/$RESOURCE$TAB$3$TAB$4")
}

disown_key() { # KEY
  OUTCOME+=("disown$TAB$1$TAB-$TAB$SCOPE/$RESOURCE$TAB-$TAB-")
}

# Merges an outcome into the records as they are now; doing it twice changes nothing more.
merge_outcome() { # FILE
  local action key manner owner former made
  load_records
  while IFS=$TAB read -r action key manner owner former made; do
    case $action in
      own) record_owner "$key" "$manner" "$owner" "$former" "$made" ;;
      disown) drop_owner "$key" "$owner" ;;
    esac
  done <"$1"
  save_records
}

record_owner() { # KEY MANNER OWNER FORMER MADE
  local key=$1 manner=$2 owner=$3
  if [[ -z ${OWNERS[$key]-} ]]; then
    OWNERS[$key]=$owner
    FORMER[$key]=$4
  elif [[ $manner == sole ]]; then
    take_over "$key" "$owner"
  elif ! contains_word "${OWNERS[$key]}" "$owner"; then
    OWNERS[$key]+=,$owner
  fi
  # A resource that only waits for its turn leaves what the present owner made.
  [[ $5 == = ]] || MADE[$key]=$5
}

# In place of its former self in the same scope; owners of other scopes wait on.
take_over() { # KEY OWNER
  local key=$1 owners=$2 owner
  for owner in ${OWNERS[$key]//,/ }; do
    [[ $owner == "${2%%/*}"/* ]] || owners+=,$owner
  done
  OWNERS[$key]=$owners
}

drop_owner() { # KEY OWNER
  local key=$1 owner left=''
  for owner in ${OWNERS[$key]+${OWNERS[$key]//,/ }}; do
    [[ $owner == "$2" ]] || left+=${left:+,}$owner
  done
  if [[ -n $left ]]; then
    OWNERS[$key]=$left
  else
    # The subscript is expanded by unset itself: a key may have backslashes.
    unset 'OWNERS[$key]' 'FORMER[$key]' 'MADE[$key]'
  fi
}

# Is this resource one of the owners of the key?
is_ours() { # KEY
  contains_word "${OWNERS[$1]-}" "$SCOPE/$RESOURCE"
}

# Leaves the first owner of another scope that still exists in REPLY.
foreign_owner() { # KEY
  local owner
  REPLY=''
  for owner in ${OWNERS[$1]+${OWNERS[$1]//,/ }}; do
    if [[ $owner != "$SCOPE"/* && -d $STATE/resources/$owner ]]; then
      REPLY=$owner
      return 0
    fi
  done
  return 1
}
