
# --- Records: who owns what, and what was there before ----------------------------------------------
#
# One table for everything that is shared with the rest of the host. A key is `path /etc/x`,
# `service nginx`, `selinux-boolean b`...; owners are SCOPE/NAME, separated by commas; `former` is the
# state to restore when the last owner leaves; `made` is the state that we left, by which
# a later change by somebody else is recognised.

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
    [[ -n ${made-} ]] || fail "$STATE/records is damaged at \"$key\": each line must have four fields with tabs between: key, owners, former state, state that we made. Restore the file from a backup"
    OWNERS[$key]=$owners
    FORMER[$key]=$former
    MADE[$key]=$made
  done <"$STATE/records"
}

# An empty table was lost if a resource still has facts: a table without entries has a line that says so. While
# the last owners leave, others still have facts, which are removed after their records.
refuse_lost_records() {
  local facts
  facts=$(grep -lE '^(path|thing (service|setting|user|password)) ' -- "$STATE/resources"/*/*/facts 2>/dev/null)
  facts=${facts%%$'\n'*}
  [[ -n $facts ]] || return 0
  facts=${facts%/facts}
  fail "$STATE/records is empty, but ${facts#"$STATE/resources/"} has files or settings on this host: a power cut or a full disk has lost the list of what this program owns and what was there before. Nothing was touched. Restore the file from a backup. Without one, remove it (rm $STATE/records) and run this again: what is on the host now then counts as what was there before, and stays on destroy"
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
  # Does not wait for the disk when nothing changed.
  [[ ${text%$'\n'} == "$(cat -- "$STATE/records" 2>/dev/null)" ]] || write_file "$STATE/records" "$text"
}

# Plans that this resource owns a key. `sole` takes it over from a former owner in the same scope, such
# as a resource that was renamed: a later remove of that one then finds nothing of its own.
own() { # KEY sole|share FORMER MADE
  OUTCOME+=("own$TAB$1$TAB$2$TAB$SCOPE/$RESOURCE$TAB$3$TAB$4")
}

disown_key() { # KEY
  OUTCOME+=("disown$TAB$1$TAB-$TAB$SCOPE/$RESOURCE$TAB-$TAB-")
}

# Merges an outcome into the present records; doing it twice gives the same result.
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
  # A resource that only waits to become the owner keeps what the present owner made.
  [[ $5 == = ]] || MADE[$key]=$5
}

# Replaces the former owner in the same scope; owners in other scopes keep waiting.
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
