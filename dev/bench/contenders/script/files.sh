# The texts of the site's files: each function prints one, with the settings of site.sh in it.
# shellcheck shell=bash disable=SC2154

pip_configuration() {
  cat <<TEXT
[global]
index-url = $PIP_INDEX_URL
trusted-host = $PIP_TRUSTED_HOST
TEXT
}

sudoers() {
  cat <<'TEXT'
Defaults:deployer env_reset
deployer ALL=(root) NOPASSWD: /sbin/service nginx start
deployer ALL=(root) NOPASSWD: /sbin/service nginx stop
deployer ALL=(root) NOPASSWD: /sbin/service nginx restart
deployer ALL=(root) NOPASSWD: /sbin/service nginx reload
deployer ALL=(root) NOPASSWD: /sbin/service nginx status
deployer ALL=(root) NOPASSWD: /sbin/service uwsgi start
deployer ALL=(root) NOPASSWD: /sbin/service uwsgi stop
deployer ALL=(root) NOPASSWD: /sbin/service uwsgi restart
deployer ALL=(root) NOPASSWD: /sbin/service uwsgi reload
deployer ALL=(root) NOPASSWD: /sbin/service uwsgi status
TEXT
}

pg_hba() {
  cat <<TEXT
local all postgres peer
local all all peer
host tracks deployer 127.0.0.1/32 scram-sha-256
TEXT
}

database_sql() {
  cat <<TEXT
SELECT format('CREATE ROLE %I LOGIN PASSWORD %L', 'deployer', '$DATABASE_PASSWORD')
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'deployer') \\gexec
SELECT format('CREATE DATABASE %I OWNER %I', 'tracks', 'deployer')
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'tracks') \\gexec
TEXT
}

local_settings() {
  cat <<TEXT
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "tracks",
        "USER": "deployer",
        "PASSWORD": "$DATABASE_PASSWORD",
        "HOST": "127.0.0.1",
    },
}
SECRET_KEY = "$DJANGO_SECRET_KEY"
ALLOWED_HOSTS = ["$SERVER_NAME"]
STATIC_ROOT = "$application/staticfiles"
MEDIA_ROOT = "$application/media"
TEXT
}

uwsgi_options() {
  cat <<TEXT
[uwsgi]
socket = 127.0.0.1:8001
stats = 127.0.0.1:9191
chdir = $application
wsgi-file = $application/tracks/wsgi.py
home = $venv
env = PRODUCTION=1
uid = deployer
gid = deployer
master = true
processes = 16
harakiri = 30
buffer-size = 32768
need-app = true
die-on-term = true
pidfile = /run/uwsgi/uwsgi.pid
logto2 = /var/log/uwsgi.log
TEXT
}

uwsgi_directory() {
  cat <<'TEXT'
d /run/uwsgi 0755 deployer deployer -
TEXT
}

uwsgi_service() {
  cat <<'TEXT'
[Unit]
Description=uWSGI, which runs the application tracks
After=network.target postgresql.service

[Service]
Type=notify
ExecStart=/usr/local/bin/uwsgi --ini /etc/uwsgi/tracks.ini
ExecReload=/bin/kill -HUP $MAINPID
KillSignal=SIGTERM
NotifyAccess=all
Restart=on-failure

[Install]
WantedBy=multi-user.target
TEXT
}

uwsgi_rotation() {
  cat <<'TEXT'
/var/log/uwsgi.log {
    daily
    rotate 52
    missingok
    notifempty
    compress
    delaycompress
    copytruncate
}
TEXT
}

robots() {
  cat <<'TEXT'
User-agent: *
Disallow: /
TEXT
}

nginx_configuration() {
  cat <<TEXT
user nginx;
worker_processes auto;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log warn;

events {
    worker_connections 1024;
}

http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    log_format main '\$remote_addr - \$remote_user [\$time_local] "\$request" '
                    '\$status \$body_bytes_sent "\$http_referer" '
                    '"\$http_user_agent" "\$http_x_forwarded_for"';
    access_log /var/log/nginx/access.log main;
    sendfile on;
    tcp_nopush on;
    keepalive_timeout 65;
    types_hash_max_size 4096;
    server_tokens off;
    client_max_body_size ${CLIENT_MAX_BODY_SIZE_MEGABYTES}m;
    include /etc/nginx/conf.d/*.conf;
    include /etc/nginx/sites-enabled/*;
}
TEXT
}

site_configuration() {
  cat <<TEXT
server {
    listen 80 default_server;
    server_name $SERVER_NAME;
    access_log /etc/nginx/logs/domains/tracks/log/access.log main;
    error_log /etc/nginx/logs/domains/tracks/log/error.log;

    location = /robots.txt {
        alias /microarray/robots/robots.txt;
    }
    location /static/ {
        alias $application/staticfiles/;
    }
    location /media/ {
        alias $application/media/;
    }
    location / {
        rewrite ^([^.]*[^/])\$ \$1/ permanent;
        include /etc/nginx/uwsgi_params;
        uwsgi_pass 127.0.0.1:8001;
    }
}
TEXT
}

nginx_rotation() {
  cat <<'TEXT'
/var/log/nginx/*.log
/etc/nginx/logs/nginx/log/*.log
/etc/nginx/logs/nginx/tracks/log/*.log
/etc/nginx/logs/domains/tracks/log/*.log
{
    daily
    rotate 52
    missingok
    notifempty
    compress
    delaycompress
    create 0640 nginx deployer
    sharedscripts
    postrotate
        [ ! -s /run/nginx.pid ] || kill -USR1 "$(cat /run/nginx.pid)"
    endscript
}
TEXT
}
