
# --- SELinux: labels, booleans and ports where it is enabled; nothing where it is not --------------------

SELINUX='' # output of getenforce, once asked

selinux_enabled() {
  if [[ -z $SELINUX ]]; then
    SELINUX=Disabled
    if have getenforce; then SELINUX=$(getenforce 2>/dev/null); fi
  fi
  [[ $SELINUX == Enforcing || $SELINUX == Permissive ]]
}

# Labels a candidate before it is moved, since a rename keeps the label: with the type in the manifest, or
# the one that the policy has for the path.
label_candidate() { # STAGED PATH TYPE
  selinux_enabled || return 0
  if [[ $3 != - ]]; then
    set_label "$1" "$3" "$2"
    return
  fi
  have matchpathcon || return 0
  existing_ancestor "$2"
  local parent=$REPLY context
  real_directory "$parent"
  attempt matchpathcon -n "${REPLY%/}/${2#"${parent%/}"/}" || return 0
  context=$OUTPUT
  [[ $context == *:*:* ]] || return 0
  attempt chcon -h -- "$context" "$1" || holds_no_labels || fail "can't set the SELinux label of $2 to the policy's $context: $OUTPUT"
}

set_label() { # FILE TYPE PATH
  selinux_enabled || return 0
  # A file without a label accepts only a whole context.
  attempt chcon -h -t "$2" -- "$1" || attempt chcon -h "system_u:object_r:$2:s0" -- "$1" || holds_no_labels \
    || fail "$3: can't set the SELinux type $2 (does this host's policy have it? seinfo -t $2, from the package setools-console): $OUTPUT"
}

# Did chcon fail because the file system stores no labels? NFS, for example, has one label for all files.
holds_no_labels() {
  [[ $OUTPUT == *'Operation not supported'* ]]
}

# --- Booleans ---

# States: `absent`, `on` or `off`.
state_selinux_boolean() { # NAME
  attempt getsebool "$1" || {
    REPLY=absent
    return
  }
  # "X --> off pending: on" means off until the policy is loaded again.
  REPLY=${OUTPUT##*--> }
  REPLY=${REPLY%% *}
}

make_selinux_boolean() { # STATE NAME
  must "can't turn the SELinux boolean $2 $1" in_turn setsebool -P "$2" "$1"
}

# Runs a command that reads or changes the policy's store, and prints its output. libsemanage itself waits only 5 s
# for another such command, of another resource or of a package with a policy.
in_turn() { # COMMAND...
  local status
  while :; do
    attempt openly "$@"
    status=$?
    if ((status == 0 || SECONDS >= LOCK_DEADLINE)) || [[ $OUTPUT != *'Could not get direct '*' lock at '* ]]; then
      printf '%s' "$OUTPUT"
      return "$status"
    fi
    sleep 0.5
  done
}

# --- Rules that survive a relabelling: file contexts and ports. States: `none`, or the type. ---

# semanage has a package of its own; where it is missing, the run holds the lock of packages.
need_semanage() {
  have semanage && return 0
  WANTED=('policycoreutils-python-utils policycoreutils-python')
  install_wanted
  have semanage || fail 'SELinux is enabled, but the command semanage is missing although its package is installed. As root, run: yum -y reinstall policycoreutils-python-utils (policycoreutils-python on Enterprise Linux 6 and 7)'
}

# Leaves the file of the local rules, which libselinux reads too: semanage would take half a second per question.
local_contexts() {
  local line policy=targeted
  if [[ -r $ROOT/etc/selinux/config ]]; then
    while IFS= read -r line; do
      if [[ $line =~ ^SELINUXTYPE=([a-z]+) ]]; then policy=${BASH_REMATCH[1]}; fi
    done <"$ROOT/etc/selinux/config"
  fi
  REPLY=$ROOT/etc/selinux/$policy/contexts/files/file_contexts.local
}

state_selinux_context() { # PATTERN
  local pattern context found=none
  local_contexts
  if [[ -r $REPLY ]]; then
    while read -r pattern context; do
      if [[ $pattern == "$1" ]]; then
        context=${context##* }
        context=${context#*:*:}
        found=${context%%:*}
      fi
    done <"$REPLY"
  fi
  REPLY=$found
}

TREE_IS_ALL=no # is the pattern nothing but a path?

# Leaves the directory or file below which a rule may match: the pattern up to its first part that is not a
# plain name. A single dot counts as part of a name, since few who write one mean any character.
tree_of_pattern() { # PATTERN
  local rest=$1 tree=''
  while [[ -n $rest ]]; do
    case $rest in
      '.'[*+?\{]* | [\[\(\*+?\{\|^\$]*) break ;;
      \\?*)
        tree+=${rest:1:1}
        rest=${rest:2}
        ;;
      *)
        tree+=${rest:0:1}
        rest=${rest:1}
        ;;
    esac
  done
  TREE_IS_ALL=no
  [[ -n $rest ]] || TREE_IS_ALL=yes
  # Cut in the middle of a name.
  if [[ -n $rest && $rest != '(/'* ]]; then tree=${tree%/*}; fi
  REPLY=${tree%/}
}

# Leaves a pattern for the real paths, by which the policy knows files, and in LINKS the links that lead
# there, which must be readable as well.
follow_pattern() { # PATTERN
  local pattern=$1 rest=$1 directory real count
  LINKS=()
  tree_of_pattern "$pattern"
  directory=$REPLY/.
  [[ $TREE_IS_ALL == no ]] || directory=$REPLY
  existing_ancestor "$directory"
  directory=${REPLY%/}
  real_directory "${directory:-/}"
  real=$REPLY
  REPLY=$pattern
  case $real in
    # The policy itself treats /var/run as another name of /run.
    /run | /run/* | "${directory:-/}")
      LINKS=()
      return
      ;;
  esac
  for ((count = ${#directory}; count > 0; count--)); do
    rest=${rest#\\}
    rest=${rest:1}
  done
  literal_pattern "${real%/}"
  REPLY+=$rest
}

# Leaves the pattern that matches exactly one path.
literal_pattern() { # PATH
  local rest=$1 pattern=''
  while [[ -n $rest ]]; do
    case $rest in [.+*?^\$\(\)\{\}\|\[\]\\]*) pattern+=\\ ;; esac
    pattern+=${rest:0:1}
    rest=${rest:1}
  done
  REPLY=$pattern
}

# Adds a rule, or changes the existing one (newer versions of semanage do that by themselves).
set_rule() { # fcontext|port WORD...
  local kind=$1 said
  shift
  attempt in_turn semanage "$kind" -a "$@" && return 0
  [[ $OUTPUT == *'already defined'* ]] || return 1
  said=$OUTPUT
  attempt in_turn semanage "$kind" -m "$@" && return 0
  OUTPUT+="; $said"
  return 1
}

# Leaves the reason why semanage refused a rule, with a hint.
rule_refusal() { # TYPE
  REPLY=$OUTPUT
  if [[ $OUTPUT == *' is invalid'* ]]; then REPLY+=" (does this host's policy have it? seinfo -t $1, from the package setools-console)"; fi
}

make_selinux_context() { # STATE PATTERN
  local tree parent
  tree_of_pattern "$2"
  tree=$REPLY
  need_semanage
  if [[ $1 == none ]]; then
    must "can't remove the SELinux rule for $2" in_turn semanage fcontext -d "$2"
  else
    set_rule fcontext -t "$1" "$2" || {
      rule_refusal "$1"
      fail "can't set the SELinux type of $2 to $1: $REPLY"
    }
  fi
  [[ -e $ROOT$tree && $tree == /?* ]] && have restorecon || return 0
  # Relabels the files that are there already; not behind a link, since the policy knows files by their real paths.
  parent=${tree%/*}
  real_directory "${parent:-/}"
  case $REPLY in
    # In the policy, /var/run is another name of /run.
    "${parent:-/}" | /run | /run/*) relabel_tree "$tree" ;;
  esac
}

SELINUX_PORTS='' # the local rules, once asked for
SELINUX_RANGE='' # what the last found rule is for: the port, or a range with the port in it

# A rule for a range comes from an administrator: if it has the wanted type, nothing is to be done.
state_selinux_port() { # PROTOCOL PORT
  local type protocol ports range found=none
  REPLY=none SELINUX_RANGE=''
  # Without semanage nobody can have made a rule; it is not installed just to ask.
  have semanage || return 0
  if [[ -z $SELINUX_PORTS ]]; then
    must "can't list the SELinux rules for ports" in_turn semanage port -l -C -n
    SELINUX_PORTS=$OUTPUT
  fi
  while read -r type protocol ports; do
    [[ $protocol == "$1" ]] || continue
    for range in ${ports//,/ }; do
      if ((${range%-*} <= $2 && $2 <= ${range#*-})); then found=$type SELINUX_RANGE=$range; fi
    done
  done <<<"$SELINUX_PORTS"
  REPLY=$found
}

make_selinux_port() { # STATE PROTOCOL PORT
  state_selinux_port "$2" "$3"
  SELINUX_PORTS=''
  need_semanage
  if [[ $SELINUX_RANGE == *-* ]]; then
    # SELinux refuses a rule within a range; a range that somebody made around our port stays.
    [[ $1 == none ]] \
      || fail "can't give port $3 the SELinux type $1: a rule of this host gives the ports $SELINUX_RANGE the type $REPLY, and SELinux allows no second rule within them. Use another port, or take this one out of the range, as root: semanage port -d -p $2 $SELINUX_RANGE, then semanage port -a for the rest of the range"
  elif [[ $1 == none ]]; then
    must "can't remove the SELinux rule for port $3" in_turn semanage port -d -p "$2" "$3"
  else
    set_rule port -t "$1" -p "$2" "$3" || {
      rule_refusal "$1"
      fail "can't give port $3 the SELinux type $1: $REPLY"
    }
  fi
}

converge_selinux() {
  local index words=() link links=()
  for index in ${E_KIND[@]+"${!E_KIND[@]}"}; do
    read -r -a words <<<"${E_WORDS[index]}"
    case ${E_KIND[index]} in
      selinux-boolean)
        ! selinux_enabled || attempt getsebool "${words[0]}" || fail "this host's policy has no boolean ${words[0]}: $OUTPUT"
        converge_selinux_thing "selinux-boolean ${words[0]}" "${words[1]}"
        ;;
      selinux-port) converge_selinux_thing "selinux-port ${words[1]} ${words[2]}" "${words[0]}" ;;
      selinux-context)
        follow_pattern "${words[1]}"
        words[1]=$REPLY
        links=(${LINKS[@]+"${LINKS[@]}"})
        for link in ${links[@]+"${links[@]}"}; do
          literal_pattern "$link"
          [[ -n ${NAMED_THINGS["selinux-context $REPLY"]-} ]] || converge_selinux_thing "selinux-context $REPLY" "${words[0]}"
        done
        converge_selinux_thing "selinux-context ${words[1]}" "${words[0]}"
        ;;
    esac
  done
}

# Where SELinux is disabled, nothing can be asked or changed. What was changed before stays ours, and
# the probe finds the rest once it is enabled.
converge_selinux_thing() { # KEY WANT
  if selinux_enabled; then
    converge_thing "$1" "$2"
    return
  fi
  FACTS+=("thing $1$TAB$2")
  NAMED_THINGS[$1]=yes
  ! is_ours "$1" || own "$1" share - =
}
