
# --- Placeholders: facts of this host that stand in a manifest by name --------------------------------

readonly PLACEHOLDERS='NGINX_PID NGINX_MODULES NGINX_MIME_TYPES YUM_CONF'
readonly PLACEHOLDER_PATTERN='@@([A-Z][A-Z0-9_]*|GROUP_OF [A-Za-z0-9_][A-Za-z0-9._-]*)@@'

# What is secret is nobody's template: it stays as it is, and no part of it may stand in an error. Nor is
# a setting's value, which may hold a proxy's password.
has_placeholders() { # INDEX
  [[ ${E_KIND[$1]} == file && ${E_ATTRIBUTES[$1]} != *' secret=yes '* ]]
}

check_placeholders() { # LINE-NUMBER TEXT
  local text=$2
  while [[ $text =~ $PLACEHOLDER_PATTERN ]]; do
    [[ " $PLACEHOLDERS " == *" ${BASH_REMATCH[1]} "* || ${BASH_REMATCH[1]} == 'GROUP_OF '* ]] \
      || fault "$1" "${BASH_REMATCH[0]} is no placeholder; known are $PLACEHOLDERS and GROUP_OF USER"
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
      YUM_CONF) package_manager_configuration ;;
      'GROUP_OF '*) primary_group "${name#* }" ;;
    esac
    text=${text//"@@$name@@"/$REPLY}
  done
  REPLY=$text
}

# The pid file that the service interface watches: its own declaration counts, then what was compiled in.
nginx_pid_path() {
  local file line pid=''
  for file in "$ROOT"/etc/systemd/system/nginx.service "$ROOT"/usr/lib/systemd/system/nginx.service \
    "$ROOT"/lib/systemd/system/nginx.service "$ROOT"/etc/init.d/nginx; do
    [[ -z $pid && -r $file ]] || continue
    while IFS= read -r line; do
      # The init script's own variable.
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

package_manager_configuration() {
  REPLY=/etc/yum.conf
  if [[ -e $ROOT/etc/dnf/dnf.conf ]]; then REPLY=/etc/dnf/dnf.conf; fi
}

# What nginx was compiled with, such as --pid-path; empty when it is not installed.
nginx_build_option() { # OPTION
  REPLY=''
  have nginx || return 0
  attempt nginx -V
  if [[ $OUTPUT =~ $1=([^[:space:]]+) ]]; then REPLY=${BASH_REMATCH[1]}; fi
}
