#!/bin/bash
# Moves what makes a package usable (its commands, headers, link libraries, configuration) out of
# the tree into /stage/NAME, from where rpmbuild packs it. Private library directories (gcc's cc1,
# git-core, PostgreSQL's modules) stay where they are: their paths are compiled in, and installing
# 300 MB of them with yum would cost each fresh host a minute.
set -euo pipefail
: "${recipe:?}" "${hidden:?}"
shopt -s nullglob

# take PACKAGE PATH...: moves each path that exists, keeping its directory.
take() {
  local package=$1 path
  shift
  for path in "$@"; do
    [[ -e $path || -L $path ]] || continue
    mkdir -p "/stage/$package$(dirname "$path")"
    mv "$path" "/stage/$package$path"
  done
}

take nginx-core /usr/sbin/nginx /etc/nginx/{fastcgi.conf,fastcgi_params,koi-utf,koi-win} \
  /etc/nginx/{mime.types,scgi_params,uwsgi_params,win-utf}
rm -rf /etc/nginx /usr/share/nginx /var/lib/nginx /var/log/nginx /var/www /etc/default/nginx \
  /etc/logrotate.d/nginx /etc/ufw

take logrotate /usr/sbin/logrotate
rm -rf /etc/logrotate.conf /etc/logrotate.d /etc/cron.daily/logrotate /var/lib/logrotate \
  /usr/lib/systemd/system/logrotate.{service,timer}

take policycoreutils-python-utils /usr/sbin/semanage
take git /usr/bin/git /usr/bin/git-*
take make /usr/bin/make /usr/bin/gmake /usr/bin/make-first-existing-target
take gcc /usr/bin/{,x86_64-linux-gnu-,aarch64-linux-gnu-}{gcc,cpp,gcov,lto-dump}{,-*} \
  /usr/bin/{cc,c89,c89-gcc,c99,c99-gcc}
take python3-devel /usr/bin/*python3*-config /usr/include/python3* /usr/include/*/python3* \
  /usr/lib/*/libpython3*.so /usr/lib/*/pkgconfig/python*.pc
take sqlite /usr/bin/sqlite3
take sqlite-devel /usr/include/sqlite3*.h /usr/lib/*/libsqlite3.so /usr/lib/*/pkgconfig/sqlite3.pc
take libpq-devel /usr/include/postgresql /usr/lib/*/libpq.so /usr/lib/*/pkgconfig/libpq.pc
mkdir -p /stage/libpq-devel/usr/bin
# Debian's pg_config prefers the server's; EL has one.
mv /usr/bin/pg_config.libpq-dev /stage/libpq-devel/usr/bin/pg_config
rm /usr/bin/pg_config

# pip has 500 files: the RPM has a link to them and the commands.
take python3-pip /usr/bin/pip*
rm -f /usr/lib/python3.*/EXTERNALLY-MANAGED
mkdir -p "$hidden/python3"
for part in /usr/lib/python3/dist-packages/pip{,-*}; do
  mv "$part" "$hidden/python3/"
  mkdir -p /stage/python3-pip/usr/lib/python3/dist-packages
  ln -s "$hidden/python3/$(basename "$part")" "/stage/python3-pip$part"
done

# firewalld has 250 files of services and zones, and 100 modules: links again.
take firewalld /usr/bin/firewall-{cmd,offline-cmd} /usr/sbin/firewalld /etc/firewalld \
  /usr/lib/systemd/system/firewalld.service /usr/share/dbus-1/system.d/FirewallD.conf \
  /usr/share/polkit-1/actions/org.fedoraproject.FirewallD1.*
for part in /usr/lib/firewalld /usr/lib/python3/dist-packages/firewall; do
  mv "$part" "$hidden/$(basename "$part")"
  mkdir -p "/stage/firewalld$(dirname "$part")"
  ln -s "$hidden/$(basename "$part")" "/stage/firewalld$part"
done
rm -rf /etc/default/firewalld /etc/modprobe.d/firewalld* /etc/logrotate.d/firewalld
rm -f /usr/sbin/{ip,ip6,x}tables-legacy*
take iptables-nft /usr/sbin/{arp,eb,ip,ip6}tables* /usr/sbin/x{,arp,eb}tables*

mkdir -p /stage/uwsgi/usr/sbin
mv /usr/bin/uwsgi-core /stage/uwsgi/usr/sbin/uwsgi
rm -f /usr/bin/uwsgi /etc/alternatives/uwsgi

# PostgreSQL: removes Debian's cluster tools; the RPMs have EL's names in /usr/bin.
# Links, not copies: a copied binary looks for its modules next to itself, and initdb fails.
client=" clusterdb createdb createuser dropdb dropuser pg_dump pg_dumpall pg_isready pg_restore "
client+="pg_basebackup pg_receivewal pg_recvlogical pgbench psql reindexdb vacuumdb vacuumlo "
for command in /usr/lib/postgresql/15/bin/*; do
  name=$(basename "$command")
  [[ $name == pg_config ]] && continue
  package=postgresql-server
  [[ $client == *" $name "* ]] && package=postgresql
  mkdir -p "/stage/$package/usr/bin"
  ln -s "$command" "/stage/$package/usr/bin/$name"
  rm -f "/usr/bin/$name"
done
rm -f /usr/bin/{createlang,droplang,pg_*} /usr/sbin/pg_updatedicts
rm -rf /etc/postgresql /etc/postgresql-common /var/lib/postgresql /var/log/postgresql \
  /usr/lib/systemd/system/{postgresql,pg_}* /usr/lib/systemd/system-generators/postgresql* \
  /usr/lib/tmpfiles.d/postgresql-common.conf
