
# --- nginx: the complete candidate is tested before the live tree is touched -----------------------------

readonly NGINX_TREE=/etc/nginx
CANDIDATE=''

# Is a path part of nginx's configuration? Its logs, which the notes put below /etc/nginx, are not.
in_nginx_tree() { # PATH
  [[ $1 == "$NGINX_TREE"/* && $1 != "$NGINX_TREE"/logs && $1 != "$NGINX_TREE"/logs/* ]]
}

nginx_tree_changes() {
  local path
  for path in ${C_PATH[@]+"${C_PATH[@]}"}; do
    if in_nginx_tree "$path"; then return 0; fi
  done
  return 1
}

# Another program's nginx.conf is only checked; it becomes ours when that program is removed.
wait_for_nginx_conf() { # WANT LIVE; the owner is in REPLY
  local owner=$REPLY
  grep -Eqs '^[^#]*include[[:space:]]+(/etc/nginx/)?sites-enabled/' "$ROOT$NGINX_CONF" \
    || fail "$NGINX_CONF belongs to $owner and does not include sites-enabled/*, so nginx would not serve the sites of $SCOPE. Add to its http block: include sites-enabled/*;"
  [[ $1 == "$2" ]] || note "$NGINX_CONF belongs to $owner and differs from ours; it is left as it is"
  own "path $NGINX_CONF" share - =
  FACTS+=("waiting path $NGINX_CONF")
}

validate_nginx() {
  nginx_tree_changes || return 0
  if ! have nginx; then
    [[ $VERB == remove ]] && return 0
    fail 'nginx is not installed: install its package first'
  fi
  build_candidate
  # nginx opens its logs during the test, so their directories must exist.
  swap_changes outside-directories
  test_candidate
}

build_candidate() {
  local path index target
  CANDIDATE=$WORK/candidate
  must "can't make $CANDIDATE" mkdir -- "$CANDIDATE"
  if [[ -d $ROOT$NGINX_TREE ]]; then
    measure_nginx_tree
    # A large file in the tree, such as a dump or an archive, is not configuration.
    must "can't copy $NGINX_TREE" find "$ROOT$NGINX_TREE" -mindepth 1 -maxdepth 1 ! -name logs \
      ! \( -type f -size +20480k \) -exec cp -a -t "$CANDIDATE" -- {} +
  fi
  while read -r _ path index; do
    in_nginx_tree "$path" || continue
    target=$CANDIDATE${path#"$NGINX_TREE"}
    case ${C_WANT[index]} in
      absent) must "can't make the candidate" rm -rf -- "$target" ;;
      rmdir) rmdir -- "$target" 2>/dev/null ;;
      *)
        [[ ${C_STAGED[index]} != none ]] || continue
        must "can't make the candidate" rm -rf -- "$target"
        must "can't make the candidate" mkdir -p -- "${target%/*}"
        must "can't make the candidate" cp -a -- "${C_STAGED[index]}" "$target"
        ;;
    esac
  done < <(swap_order)
}

# Databases that map addresses to countries and cities may be in it.
readonly LARGEST_NGINX_TREE=$((512 * 1024 * 1024))

# Limits what is copied, whoever can write there; and nginx would wait for a pipe forever.
measure_nginx_tree() {
  local kind size name sum=0 largest=0 where='' real
  real=$(readlink -f -- "$ROOT$NGINX_TREE")
  while IFS='|' read -r kind size name; do
    case $kind in
      p | b | c) fail "$NGINX_TREE/$name is a pipe or a device, for which nginx may wait forever. Remove it, as root: rm $NGINX_TREE/$name" ;;
    esac
    sum=$((sum + size))
    ((size <= largest)) || largest=$size where=$name
  done < <(find "$real/" -mindepth 1 -path "$real/logs" -prune -o \
    ! -type d ! -type l ! '(' -path "$real/*" ! -path "$real/*/*" -size +20480k ')' -printf '%y|%s|%P\n')
  ((sum <= LARGEST_NGINX_TREE)) \
    || fail "$NGINX_TREE has $((sum / 1024 / 1024)) MB, of which $where has $((largest / 1024 / 1024)) MB; $((LARGEST_NGINX_TREE / 1024 / 1024)) MB are allowed, since a test copies all of it. Move files away that are not configuration of nginx"
}

test_candidate() {
  local status pid had_pid=no
  nginx_pid_path
  pid=$ROOT$REPLY
  if [[ -e $pid ]]; then had_pid=yes; fi
  if needs_real_paths; then
    test_in_namespace
  else
    attempt openly nginx -t -c "$CANDIDATE/nginx.conf"
  fi
  status=$?
  # The test makes an empty pid file, by which an init script may think that nginx runs.
  if [[ $had_pid == no && -e $pid && ! -s $pid ]]; then rm -f -- "$pid"; fi
  OUTPUT=${OUTPUT//"$CANDIDATE"/$NGINX_TREE}
  ((status == 0)) || fail "nginx refuses the new configuration: $(nginx_reason)"
  tell_warnings
}

# Prints the line of nginx's output that says why.
nginx_reason() {
  local line reason=''
  while IFS= read -r line; do
    # With a time before [emerg] and the process after it, or without both.
    if [[ -z $reason && $line =~ \[emerg\]\ ([0-9]+#[0-9]+:\ )?(.*) ]]; then reason=${BASH_REMATCH[2]}; fi
  done <<<"$OUTPUT"
  printf '%s' "${reason:-$OUTPUT}"
}

tell_warnings() {
  local line
  while IFS= read -r line; do
    if [[ $line == *'[warn]'* ]]; then note "${line#nginx: }"; fi
  done <<<"$OUTPUT"
}

# Would a test of the copy read files of the live tree? It would through absolute paths into /etc/nginx, in
# includes and links, and through relative links that lead out of the copy.
needs_real_paths() {
  local link target tree absolute
  absolute=$(grep -rhIv '^[[:space:]]*#' "$CANDIDATE" 2>/dev/null \
    | sed 's|/etc/nginx/logs\(/[^[:space:];]*\)\{0,1\}||g' | grep '/etc/nginx')
  [[ -z $absolute ]] || return 0
  while IFS= read -r link; do
    if [[ ! -e $link && -e $ROOT$NGINX_TREE${link#"$CANDIDATE"} ]]; then return 0; fi
    target=$(readlink -m -- "$link")
    for tree in "$ROOT$NGINX_TREE" "$(readlink -m -- "$ROOT$NGINX_TREE")"; do
      if [[ $target == "$tree"/* && $target != "$tree"/logs/* ]]; then return 0; fi
    done
  done < <(find "$CANDIDATE" -type l)
  return 1
}

# Tests the candidate at the real paths, in a separate mount namespace. Ends mount propagation first:
# unshare of an old util-linux leaves it on, and the bind mount would hide the live tree for everybody.
test_in_namespace() {
  local live=$ROOT$NGINX_TREE
  attempt unshare -m true || fail "the configuration has absolute paths into $NGINX_TREE, and this host allows no mount namespace in which to test them ($OUTPUT): make the includes relative, such as \"include conf.d/*.conf\""
  if [[ -L $live/logs ]]; then
    cp -a -- "$live/logs" "$CANDIDATE/logs"
  elif [[ -d $live/logs ]]; then
    mkdir -p -- "$CANDIDATE/logs"
  fi
  # shellcheck disable=SC2016 # expanded by the inner shell
  attempt openly unshare -m bash -c '
    mount --make-rprivate / || exit 75
    if [[ -d $1/logs && ! -L $1/logs ]]; then mount --bind "$2/logs" "$1/logs" || exit 75; fi
    mount --rbind "$1" "$2" || exit 75
    exec nginx -t -c "$2/nginx.conf"' test "$CANDIDATE" "$live"
  local status=$?
  ((status != 75)) || fail "can't mount the new configuration over $NGINX_TREE for the test: $OUTPUT"
  return "$status"
}
