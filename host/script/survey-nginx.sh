
# --- Survey of nginx: who owns its configuration, and what of others ours would remove ---------------------

survey_nginx() { # OWN-SERVERS
  local owner
  nginx_version
  if have nginx; then fact nginx "$REPLY"; else fact nginx absent; fi
  owner=${OWNERS["path $NGINX_CONF"]-}
  owner=${owner%%,*}
  if [[ -n $owner ]]; then
    fact nginx-conf "ours ${owner%%/*}"
    if [[ $owner != "$SCOPE"/* ]]; then
      conflict nginx-conf-of "$NGINX_CONF" "${owner%%/*}"
    fi
  elif [[ ! -e $ROOT$NGINX_CONF ]]; then
    fact nginx-conf absent
  elif is_vendors_file "$NGINX_CONF"; then
    fact nginx-conf vendor
    survey_foreign_parts "$1" vendor
  else
    fact nginx-conf foreign
    conflict nginx-conf "$NGINX_CONF"
    survey_foreign_parts "$1" edited
  fi
}

# Prints what a configuration file declares, one per line, with tabs between:
#   block WORDS            a block other than events, http, server and types
#   server KIND NAMES      KIND is `plain` for one that shows a vendor's page and nothing else
#   include PLACE PATTERN  PLACE is main, http, or server for one in a plain server
#   unreadable
nginx_parts() { # main|http FILE
  awk -v top="$1" '
    { text = text $0 "\n" }
    function done() {
      if (count > 0 && depth == http && path[depth] == "http" && words[1] == "include") print "include\thttp\t" words[2]
      else if (count > 0 && depth == 0 && words[1] == "include") print "include\tmain\t" words[2]
      else if (server) in_server()
      count = 0
    }
    function in_server(  i) {
      if (words[1] == "server_name") for (i = 2; i <= count; i++) names = names " " words[i]
      else if (words[1] == "include") includes = includes "include\tserver\t" words[2] "\n"
      else if (words[1] == "root" && words[2] !~ /^(html|\/usr\/share\/nginx\/html)$/) kind = "other"
      else if (words[1] ~ /_pass$|^alias$|^return$|^rewrite$|^try_files$|^ssl_certificate$|^stub_status$|_by_lua/) kind = "other"
    }
    function opens(  i, line) {
      if (words[1] == "server" && depth == http && path[depth] == "http") {
        server = depth + 1; kind = "plain"; names = ""; includes = ""
      } else if (depth == 0 && words[1] !~ /^(events|http)$/ || depth == http && path[depth] == "http" && words[1] !~ /^(server|types)$/) {
        line = words[1]
        for (i = 2; i <= count; i++) line = line " " words[i]
        print "block\t" line
      } else if (server) in_server()
      path[++depth] = words[1]
      count = 0
    }
    function closes() {
      if (depth == server && server) {
        # The name in the sample configuration of nginx.
        if (kind == "plain" && names == " localhost") names = ""
        print "server\t" kind "\t" substr(names, 2)
        if (kind == "plain") printf "%s", includes
        server = 0
      }
      depth--
      count = 0
    }
    END {
      http = 1
      if (top == "http") path[depth = 1] = "http"
      bottom = depth + 0
      for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        if (quote != "") {
          if (c == "\\") word = word substr(text, ++i, 1)
          else if (c == quote) quote = ""
          else word = word c
        } else if (c == "\\") {
          word = word c substr(text, ++i, 1); inside = 1
        } else if (!inside && (c == "\"" || c == "\047")) {
          quote = c; inside = 1
        } else if (!inside && c == "#") {
          while (i < length(text) && substr(text, i + 1, 1) != "\n") i++
        } else if (inside && c == "{" && substr(text, i - 1, 1) == "$") {
          variable = 1; word = word c
        } else if (c ~ /[ \t\r\n;{]/ || c == "}" && !inside) {
          gsub(/[\001-\037]/, " ", word)
          if (inside) words[++count] = word
          word = ""; inside = 0
          if (c == ";") done()
          else if (c == "{") opens()
          else if (c == "}") closes()
          if (depth < bottom) break
        } else {
          word = word c; inside = 1
        }
      }
      if (depth != bottom || quote != "") print "unreadable"
    }' "$2"
}

# Leaves the names of a server_name that are not ours in REPLY. False when it has no name, neither ours
# nor another.
foreign_names() { # NAMES OWN-SERVERS
  local name ours=no
  REPLY=''
  for name in $1; do
    if [[ $2 == *" $name "* ]]; then ours=yes; elif [[ $name != _ ]]; then REPLY+=" $name"; fi
  done
  REPLY=${REPLY# }
  [[ -n $REPLY || $ours == yes ]]
}

FOREIGN_SERVERS=() FOREIGN_BLOCKS=() FOREIGN_INCLUDES=()

# Reports what nginx.conf has for others, and what replacing it would remove: servers, blocks, and files that it
# includes and ours does not.
survey_foreign_parts() { # OWN-SERVERS vendor|edited
  local kind first second ours=no unreadable=no foreign=()
  FOREIGN_SERVERS=() FOREIGN_BLOCKS=() FOREIGN_INCLUDES=()
  while IFS=$TAB read -r kind first second; do
    [[ $2 == edited || $kind == include ]] || continue
    case $kind in
      unreadable) unreadable=yes ;;
      block) FOREIGN_BLOCKS+=("$first { }") ;;
      include) foreign_include "$first" "$second" "$1" ;;
      server)
        if foreign_names "$second" "$1"; then
          if [[ -z $REPLY ]]; then ours=yes; else FOREIGN_SERVERS+=("server $REPLY"); fi
        elif [[ $first != plain ]]; then
          FOREIGN_SERVERS+=("a server without a name")
        fi
        ;;
    esac
  done < <(nginx_parts main "$ROOT$NGINX_CONF")
  # If the only servers are ours, the upstreams and maps belong to our former site.
  if [[ $ours == yes && ${#FOREIGN_SERVERS[@]} == 0 ]]; then
    keep_top_blocks
  fi
  foreign=(${FOREIGN_SERVERS[@]+"${FOREIGN_SERVERS[@]}"} ${FOREIGN_INCLUDES[@]+"${FOREIGN_INCLUDES[@]}"} ${FOREIGN_BLOCKS[@]+"${FOREIGN_BLOCKS[@]}"})
  if [[ $unreadable == yes ]]; then
    obstacle nginx-conf-unread "$NGINX_CONF" "$NGINX_TREE"
  elif ((${#foreign[@]} > 0)); then
    obstacle nginx-conf "$NGINX_CONF" "$NGINX_TREE" "${foreign[@]}"
  fi
}

# Keeps, of the blocks, only those outside http { }, which belong to no site.
keep_top_blocks() {
  local block kept=()
  for block in ${FOREIGN_BLOCKS[@]+"${FOREIGN_BLOCKS[@]}"}; do
    [[ $block != stream* && $block != mail* && $block != rtmp* ]] || kept+=("$block")
  done
  FOREIGN_BLOCKS=(${kept[@]+"${kept[@]}"})
}

# Reports files that are included now, that no package installed, and that ours would not include.
foreign_include() { # main|http|server PATTERN OWN-SERVERS
  local pattern=$2 file path sites='' count=0
  [[ $pattern == /* ]] || pattern=$NGINX_TREE/$pattern
  for file in "$ROOT"$pattern; do
    path=${file#"$ROOT"}
    [[ -e $file ]] || continue
    case "$1 ${path%/*} ${path##*/}" in
      "http $NGINX_TREE/conf.d "*.conf | "http $NGINX_TREE/sites-enabled "* | 'main /usr/share/nginx/modules '*.conf | http*' mime.types') continue ;;
    esac
    ! is_vendors_file "$path" || continue
    if [[ $1 == http ]] && is_readable_for_root "$path"; then
      included_names "$file" "$3" || continue
      sites+=${REPLY:+ $REPLY}
    fi
    count=$((count + 1))
  done
  ((count == 0)) || FOREIGN_INCLUDES+=("include $2 ($count file(s)${sites:+:$sites})")
}

# Leaves the sites of others that an included file serves; fails when all that it serves is ours.
included_names() { # FILE OWN-SERVERS
  local kind second sites='' ours=no other=no
  while IFS=$TAB read -r kind _ second; do
    [[ $kind == server ]] || continue
    if foreign_names "$second" "$2" && [[ -z $REPLY ]]; then
      ours=yes
    else
      other=yes
      sites+=${REPLY:+ $REPLY}
    fi
  done < <(nginx_parts http "$1")
  REPLY=${sites# }
  [[ $ours == no || $other == yes ]]
}

# Can root open a file safely, since no other user could have put it there?
is_readable_for_root() { # PATH
  [[ -f $ROOT$1 && ! -L $ROOT$1 && $(stat -c %s -- "$ROOT$1") -le 1048576 ]] || return 1
  (
    resolve_directory "${1%/*}"
    [[ -z $WRITER && ! -k $ROOT$REPLY ]]
  ) 2>/dev/null
}

# Prints a part of the configuration. What another user could have put there, or where a link leads, is read as
# that user.
print_site() { # PATH
  local real
  real=$(readlink -f -- "$ROOT$1") || return 0
  real=${real#"$ROOT"}
  (
    resolve_directory "${1%/*}"
    [[ -n $WRITER ]] || resolve_directory "${real%/*}"
    if [[ -n $WRITER ]]; then
      as_user "$WRITER" / dd if="$ROOT$1" iflag=nonblock bs=65536 count=16 </dev/null
    elif is_readable_for_root "$real"; then
      cat -- "$ROOT$real"
    fi
  ) 2>/dev/null
}

# Reports other servers on our port in the present configuration.
survey_servers() { # PORT DEFAULT SERVERS
  local port=$1 servers=$3 file line name path
  while IFS= read -r file; do
    path=${file#"$ROOT"}
    # Ours, or replaced as a whole.
    [[ ${OWNERS["path $path"]-} != "$SCOPE"/* && $path != "$NGINX_CONF" ]] || continue
    while IFS= read -r line; do
      if [[ $line =~ ^[[:space:]]*listen[[:space:]] && $line == *default_server* && $line =~ (^|[^0-9])$port([^0-9]|$) ]]; then
        default_server "$port" "$2" "$path" "${line#"${line%%[![:space:]]*}"}"
      elif [[ $line =~ ^[[:space:]]*server_name[[:space:]]+(.*)\; ]]; then
        for name in ${BASH_REMATCH[1]}; do
          if [[ $name != _ && $servers == *" $name "* ]]; then
            conflict server-name "$name" "$path"
          fi
        done
      fi
    done < <(print_site "$path" | sed 's/#.*//; s/[;{}]/&\n/g') # one directive per line, whatever the layout
  done < <(find -L "$ROOT$NGINX_TREE" -maxdepth 3 -path "$ROOT$NGINX_TREE/logs" -prune -o -type f \
    \( -name '*.conf' -o -path '*/sites-enabled/*' \) -size -1024k -print 2>/dev/null)
}

# nginx allows one default server per address and port; ours replaces the package's own.
default_server() { # PORT OURS PATH LISTEN-DIRECTIVE
  local port=$1 path=$3 line=$4
  if [[ $path == "$NGINX_TREE/conf.d/default.conf" ]] && is_vendors_file "$path"; then return; fi
  if [[ $2 == yes && $line =~ ^listen[[:space:]]+(\*:|0\.0\.0\.0:|\[::\]:)?${port}[[:space:]] \
    && ($path =~ ^$NGINX_TREE/conf\.d/[^/]*\.conf$ || $path == "$NGINX_TREE"/sites-enabled/*) ]]; then
    obstacle default-server "$port" "$path" "$line"
  else
    conflict default-server "$port" "$path" "$line"
  fi
}
