#!/bin/bash
# Sets up the whole site, on its host, as root; started by deploy.sh. Changes only what differs.
set -euo pipefail
umask 022

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# SERVER_NAME, CLIENT_MAX_BODY_SIZE_MEGABYTES, PIP_INDEX_URL, PIP_TRUSTED_HOST, UWSGI_VERSION,
# DATABASE_PASSWORD, DEPLOYER_PASSWORD, DJANGO_SECRET_KEY
# shellcheck source=/dev/null
. "$here/settings"
# shellcheck source=files.sh
. "$here/files.sh"

application=/microarray/tracks
venv=/home/deployer/venv
state=/var/lib/deploy-tracks
mkdir -p "$state"

step() { echo "== $*"; }
as_deployer() { (cd "$application" && runuser -u deployer -- env PRODUCTION=1 "$@"); }

# put PATH MODE OWNER: writes stdin to the file; status 0 when that changed it.
put() {
  local new
  new=$(mktemp)
  cat >"$new"
  if cmp -s "$new" "$1"; then
    rm "$new"
    return 1
  fi
  install -D -m "$2" -o "$3" -g "$3" "$new" "$1"
  rm "$new"
  if [[ -x /usr/sbin/restorecon ]]; then restorecon "$1"; fi
  echo "changed $1"
}

reload_nginx='' reload_uwsgi='' restart_uwsgi='' reload_postgresql='' reload_systemd=''

step packages
packages=(
  nginx logrotate git python3 python3-pip python3-devel gcc make postgresql postgresql-server
  libpq-devel sqlite sqlite-devel policycoreutils-python-utils
)
if ! rpm -q "${packages[@]}" >/dev/null 2>&1; then
  dnf -y -q module enable postgresql:15
  dnf -y -q install "${packages[@]}"
fi
pip_configuration | put /etc/pip.conf 0644 root || :

step 'the user deployer'
id deployer >/dev/null 2>&1 || useradd --create-home --shell /bin/bash deployer
if [[ ! -e $state/password || $(<"$state/password") != "$(sha256sum <<<"$DEPLOYER_PASSWORD")" ]]; then
  chpasswd <<<"deployer:$DEPLOYER_PASSWORD"
  (umask 077 && sha256sum <<<"$DEPLOYER_PASSWORD" >"$state/password")
fi
sudoers | put /etc/sudoers.d/deployer 0440 root || :
grep -qx 'export PRODUCTION=1' /home/deployer/.bash_profile 2>/dev/null ||
  echo 'export PRODUCTION=1' >>/home/deployer/.bash_profile

step 'SELinux and firewall'
if selinuxenabled; then
  if [[ $(getsebool httpd_can_network_connect) != *' on' ]]; then
    setsebool -P httpd_can_network_connect on
  fi
  known=$(semanage fcontext --list --locallist)
  while read -r type paths; do
    [[ $known == *"$paths"* ]] || semanage fcontext --add --type "$type" "$paths"
  done <<'TYPES'
httpd_sys_content_t /microarray(/.*)?
httpd_log_t /etc/nginx/logs(/.*)?
TYPES
fi
if ! firewall-cmd --quiet --permanent --query-service=http; then
  firewall-cmd --quiet --permanent --add-service=http
  firewall-cmd --quiet --reload
fi

step PostgreSQL
[[ -e /var/lib/pgsql/data/PG_VERSION ]] || postgresql-setup --initdb
if pg_hba | put /var/lib/pgsql/data/pg_hba.conf 0600 postgres; then reload_postgresql=1; fi
systemctl is-active --quiet postgresql || { systemctl enable --quiet --now postgresql && reload_postgresql=; }
[[ -z $reload_postgresql ]] || systemctl reload postgresql
database_sql | (cd / && runuser -u postgres -- psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1)

step application
install -d -o deployer -g deployer /microarray "$application" "$application/media"
# Only a deployment that has finished counts.
digest=$(sha256sum <"$here/source.tar")
if [[ $(cat "$state/source" 2>/dev/null) != "$digest" ]]; then
  tar --extract --file="$here/source.tar" --directory="$application" --owner=deployer
  chown -R deployer:deployer "$application"
  reload_uwsgi=1
fi
if local_settings | put "$application/tracks/settings/local.py" 0400 deployer; then reload_uwsgi=1; fi
[[ -x $venv/bin/python ]] || runuser -u deployer -- python3 -m venv "$venv"
requirements=$(sha256sum <"$application/requirements.txt")
if [[ $(cat "$state/requirements" 2>/dev/null) != "$requirements" ]]; then
  as_deployer "$venv/bin/pip" install --quiet --requirement requirements.txt psycopg2
  echo "$requirements" >"$state/requirements"
  restart_uwsgi=1
fi
if [[ -n $reload_uwsgi ]]; then
  as_deployer "$venv/bin/python" manage.py migrate --noinput
  as_deployer "$venv/bin/python" manage.py collectstatic --noinput
  echo "$digest" >"$state/source"
fi
if [[ ! -e $state/old-data-loaded ]]; then
  python3 "$here/convert_dump.py" "$here/old_tracks.json" "$here/new_tracks.json"
  as_deployer "$venv/bin/python" manage.py loaddata --format=json - <"$here/new_tracks.json"
  touch "$state/old-data-loaded"
fi

step uWSGI
if [[ $(uwsgi --version 2>/dev/null) != "$UWSGI_VERSION" ]]; then
  pip3 install --quiet "uwsgi==$UWSGI_VERSION"
  restart_uwsgi=1
fi
[[ -e /var/log/uwsgi.log ]] || install -m 0640 -o deployer -g deployer /dev/null /var/log/uwsgi.log
if uwsgi_options | put /etc/uwsgi/tracks.ini 0644 root; then restart_uwsgi=1; fi
if uwsgi_directory | put /etc/tmpfiles.d/uwsgi.conf 0644 root; then
  systemd-tmpfiles --create /etc/tmpfiles.d/uwsgi.conf
fi
if uwsgi_service | put /etc/systemd/system/uwsgi.service 0644 root; then
  reload_systemd=1 restart_uwsgi=1
fi
uwsgi_rotation | put /etc/logrotate.d/uwsgi 0644 root || :
[[ -z $reload_systemd ]] || systemctl daemon-reload
if [[ -n $restart_uwsgi ]]; then
  systemctl enable --quiet uwsgi
  systemctl restart uwsgi
elif [[ -n $reload_uwsgi ]]; then
  systemctl reload uwsgi
fi

step nginx
install -d -o deployer /etc/nginx/sites-available /etc/nginx/sites-enabled /microarray/robots
mkdir -p /etc/nginx/logs/nginx/tracks/log /etc/nginx/logs/nginx/log /etc/nginx/logs/domains/tracks/log
robots | put /microarray/robots/robots.txt 0644 root || :
if nginx_configuration | put /etc/nginx/nginx.conf 0644 root; then reload_nginx=1; fi
if site_configuration | put /etc/nginx/sites-available/tracks 0644 root; then reload_nginx=1; fi
ln -sfn ../sites-available/tracks /etc/nginx/sites-enabled/tracks
nginx_rotation | put /etc/logrotate.d/nginx 0644 root || :
if [[ -n $reload_nginx ]]; then
  restorecon -R /etc/nginx /microarray
  nginx -t
  systemctl enable --quiet nginx
  systemctl reload-or-restart nginx
fi

step 'the site works'
for attempt in 1 2 3 4 5; do
  if curl --fail --silent --header "Host: $SERVER_NAME" http://127.0.0.1/healthz/; then
    echo
    exit 0
  fi
  ((attempt == 5)) || sleep 1
done
echo 'the site does not answer' >&2
exit 1
