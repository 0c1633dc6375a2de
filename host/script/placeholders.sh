
# --- Placeholders: names in a manifest that stand for facts of this host ------------------------------

readonly PLACEHOLDERS='NGINX_PID NGINX_MODULES NGINX_MIME_TYPES NGINX_RELATIVE_REDIRECTS NGINX_VISITED NGINX_SERVER_NAMES IF_IPV6 YUM_CONF UWSGI LOCALE'
readonly PLACEHOLDER_PATTERN='@@([A-Z][A-Z0-9_]*|GROUP_OF [A-Za-z0-9_][A-Za-z0-9._-]*)@@'

# Secret content has no placeholders: it stays as it is, and no part of it may get into an error. The same goes
# for the value of a setting, which may have a proxy's password in it.
has_placeholders() { # INDEX
  [[ ${E_KIND[$1]} == file && ${E_ATTRIBUTES[$1]} != *' secret=yes '* ]]
}

check_placeholders() { # LINE-NUMBER TEXT
  local text=$2
  while [[ $text =~ $PLACEHOLDER_PATTERN ]]; do
    [[ " $PLACEHOLDERS " == *" ${BASH_REMATCH[1]} "* || ${BASH_REMATCH[1]} == 'GROUP_OF '* ]] \
      || fault "$1" "${BASH_REMATCH[0]} is not a placeholder; there are $PLACEHOLDERS and GROUP_OF USER"
    text=${text#*"${BASH_REMATCH[0]}"}
  done
}

# Leaves the text with its placeholders filled in.
fill_placeholders() { # TEXT
  local text=$1 name
  while [[ $text =~ $PLACEHOLDER_PATTERN ]]; do
    name=${BASH_REMATCH[1]}
    case $name in
      NGINX_PID) nginx_pid_path ;;
      NGINX_MODULES) nginx_modules_line ;;
      NGINX_MIME_TYPES) nginx_mime_types ;;
      NGINX_RELATIVE_REDIRECTS) nginx_relative_redirects ;;
      NGINX_VISITED) nginx_visited ;;
      NGINX_SERVER_NAMES) nginx_server_names ;;
      IF_IPV6) comment_without_ipv6 ;;
      YUM_CONF) package_manager_configuration ;;
      'GROUP_OF '*) primary_group "${name#* }" ;;
      UWSGI) uwsgi_program_path ;;
      LOCALE) utf8_locale || note "$NO_UTF8_LOCALE" ;;
    esac
    text=${text//"@@$name@@"/$REPLY}
  done
  REPLY=$text
}

# Leaves the pid file that the service uses: as its unit or init script says, else as compiled into nginx.
nginx_pid_path() {
  local file files=() line pid=''
  for file in "$ROOT"/etc/systemd/system/nginx.service "$ROOT"/usr/lib/systemd/system/nginx.service \
    "$ROOT"/lib/systemd/system/nginx.service "$ROOT"/etc/init.d/nginx; do
    if [[ -r $file ]]; then
      files=("$file")
      break
    fi
  done
  # Drop-ins override the unit, and the administrator's override the package's.
  for file in ${files[@]+"${files[@]}"} "$ROOT"/usr/lib/systemd/system/nginx.service.d/*.conf \
    "$ROOT"/etc/systemd/system/nginx.service.d/*.conf; do
    [[ -r $file ]] || continue
    while IFS= read -r line; do
      # A variable of the init script.
      line=${line//\$\{prog\}/nginx}
      line=${line//\$prog/nginx}
      if [[ $line =~ ^[[:space:]]*(PIDFile|pidfile|PIDFILE)=[^/]*(/[A-Za-z0-9._/-]+) ]]; then
        pid=${BASH_REMATCH[2]}
      fi
    done <"$file"
  done
  if [[ -z $pid ]]; then
    nginx_build_option --pid-path
    pid=$REPLY
  fi
  REPLY=${pid:-/run/nginx.pid}
}

nginx_modules_line() {
  REPLY='# This nginx has no dynamic modules.'
  if [[ -d $ROOT/usr/share/nginx/modules ]]; then
    REPLY='include /usr/share/nginx/modules/*.conf;'
  fi
}

nginx_mime_types() {
  REPLY=mime.types
  if [[ ! -e $ROOT/etc/nginx/mime.types && -e $ROOT/etc/mime.types ]]; then REPLY=/etc/mime.types; fi
}

# A redirect without scheme, host and port, where this nginx supports it (1.11.8 or later).
nginx_relative_redirects() {
  if nginx_is_at_least 1 11 8; then
    REPLY='absolute_redirect off;'
  else
    REPLY='# This nginx is older than 1.11.8: redirects repeat the address that the visitor asked for.'
  fi
}

# Leaves what precedes the path of a redirect: an older nginx would name the port that it listens on.
nginx_visited() {
  # shellcheck disable=SC2016 # nginx's own variables
  if nginx_is_at_least 1 11 8; then REPLY=''; else REPLY='$scheme://$http_host'; fi
}

nginx_is_at_least() { # MAJOR MINOR PATCH
  local parts=()
  nginx_version
  IFS=. read -r -a parts <<<"$REPLY"
  ((${parts[0]:-0} * 1000000 + ${parts[1]:-0} * 1000 + ${parts[2]:-0} >= $1 * 1000000 + $2 * 1000 + $3))
}

# Leaves the version of the installed nginx, or nothing.
nginx_version() {
  REPLY=''
  have nginx || return 0
  attempt nginx -v
  REPLY=${OUTPUT##*nginx/}
  REPLY=${REPLY%%[!0-9.]*}
}

# As soon as there is a second site, nginx refuses server names that are longer than a bucket of its table.
# nginx allows this directive once: one that is already set stays.
nginx_server_names() {
  local file sites='' name size=128 index
  for file in "$ROOT$NGINX_TREE"/conf.d/*.conf "$ROOT$NGINX_TREE"/sites-enabled/*; do
    [[ ! -f $file ]] || sites+=$(print_site "${file#"$ROOT"}")$'\n'
  done
  if grep -Eq '^[^#]*server_names_hash_bucket_size' <<<"$sites"; then
    REPLY='# server_names_hash_bucket_size is set in conf.d or sites-enabled.'
    return
  fi
  # Besides the name, aligned to 8 bytes, a bucket holds up to 26 bytes more.
  while IFS= read -r name; do
    while ((${#name} + 26 > size)); do size=$((size * 2)); done
  done < <(
    {
      for index in "${!E_KIND[@]}"; do printf '%s\n' "${E_CONTENT[index]}"; done
      printf '%s' "$sites"
    } | sed 's/#.*//; s/[;{}]/&\n/g' | sed -n 's/^[[:space:]]*server_name[[:space:]]//p' | tr -s ' ;\t' '\n'
  )
  REPLY="server_names_hash_bucket_size $size;"
}

# Leaves nothing, or the beginning of a comment where the kernel or nginx would refuse the directive after it.
comment_without_ipv6() {
  local built_in=no
  # Before 1.11.5 IPv6 was compiled in only on request.
  nginx_build
  if [[ $REPLY == *--with-ipv6* ]] || nginx_is_at_least 1 11 5; then built_in=yes; fi
  REPLY='# No IPv6 here: '
  # Read, since a file in /proc has no size. Without IPv6 it is missing or empty.
  if [[ $built_in == yes ]] && read -r _ 2>/dev/null <"$ROOT/proc/net/if_inet6"; then REPLY=''; fi
}

package_manager_configuration() {
  REPLY=/etc/yum.conf
  if [[ -e $ROOT/etc/dnf/dnf.conf ]]; then REPLY=/etc/dnf/dnf.conf; fi
}

NGINX_BUILD='' # output of `nginx -V`, run once

# Leaves nginx's build options; empty when it is not installed.
nginx_build() {
  if [[ -z $NGINX_BUILD ]] && have nginx; then
    attempt nginx -V
    NGINX_BUILD=$OUTPUT
  fi
  REPLY=$NGINX_BUILD
}

# Leaves the value of one of nginx's build options, such as --pid-path, or nothing.
nginx_build_option() { # OPTION
  nginx_build
  if [[ $REPLY =~ $1=([^[:space:]]+) ]]; then REPLY=${BASH_REMATCH[1]}; else REPLY=''; fi
}
