#!/bin/bash
# Removes Debian's identity, users, package tools and start scripts, so that nothing uses them by
# accident, and copies EL's configuration (recipe/root).
set -euo pipefail
: "${recipe:?}" "${hidden:?}"
shopt -s nullglob

hide() {
  local command
  for command in "$@"; do
    [[ -e $command || -L $command ]] && mv "$command" "$hidden/bin/"
  done
  return 0
}
hide /usr/bin/{apt,apt-*,deb-systemd-*,debconf*,dpkg*,ucf*,update-alternatives} \
  /usr/bin/{createrepo_c,mergerepo_c,modifyrepo_c,sqliterepo_c,rpmbuild,rpmspec,rpmsign} \
  /usr/bin/{ischroot,savelog,select-editor,tempfile,py3clean,py3compile,py3versions} \
  /usr/sbin/{addgroup,adduser,delgroup,deluser,dpkg-*,invoke-rc.d,make-ssl-cert,nft} \
  /usr/lib/systemd/systemd-sysv-install /usr/sbin/{pam-auth-update,service,start-stop-daemon,update-*}

rm -rf /etc/{apt,adduser.conf,deluser.conf,debconf.conf,debian_version,dpkg,issue,issue.net} \
  /etc/{motd,nftables.conf,os-release,update-motd.d,ucf.conf,bash.bashrc,runit,sv,X11} \
  /etc/init.d /etc/rc?.d /etc/cron.daily /etc/default/{cron,ssh,locale,useradd} \
  /etc/systemd/system/* /etc/environment /etc/profile.d /etc/rsyslog.conf /etc/rsyslog.d \
  /etc/sudoers /etc/sudoers.d /etc/ssh /etc/cron.d /etc/crontab /etc/dnf/dnf.conf
rm -rf /usr/lib/os-release /usr/lib/sysusers.d/basic.conf /usr/lib/tmpfiles.d/{debian,x11}.conf
cd /usr/lib/systemd/system
rm -rf apt-daily* cron.service dpkg-db-backup* e2scrub* fstrim.timer nftables.service nginx.service \
  rescue.service ssh.service ssh@.service ssh.socket sudo.service x11-common.service
rm -f timers.target.wants/* ./*.wants/{e2scrub*,apt*,dpkg*}

cp -a "$recipe/root/." /
mkdir -p /etc/{profile.d,rsyslog.d,cron.d,cron.daily,sysconfig,sysctl.d} /var/lib/rsyslog
chown -R root:root /etc/sudoers /etc/sudoers.d
chmod 0440 /etc/sudoers /etc/sudoers.d/*
ln -sf ../usr/lib/os-release /etc/os-release
ln -sf redhat-release /etc/centos-release
ln -sf redhat-release /etc/system-release
ln -sf dnf/dnf.conf /etc/yum.conf
ln -sf bash /usr/bin/sh
ln -sf dnf-3 /usr/bin/yum
ln -sf useradd /usr/sbin/adduser
ln -sf cron /usr/sbin/crond
mkdir -p /usr/libexec/openssh
ln -sf ../../lib/openssh/sftp-server /usr/libexec/openssh/sftp-server
mkdir -p /etc/pki/tls/certs
ln -sf /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt
ln -sf /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/cert.pem

# Users and groups with EL's numbers where they matter: 26 must be free for postgres.
for user in backup games irc list lp man news proxy sync uucp www-data _apt postgres; do
  userdel "$user" 2>/dev/null || true
done
for group in sudo src operator fax voice sasl plugdev staff gnats irc list man news proxy tape uucp \
  backup www-data ssl-cert postgres; do
  groupdel "$group" 2>/dev/null || true
done
groupmod -n nobody nogroup
groupadd -g 10 wheel
groupadd -g 33 tape
useradd -u 1000 -m admin
useradd -u 1001 -m -G wheel operator
for user in root admin operator; do
  home=$(getent passwd "$user" | cut -d: -f6)
  install -d -m 0700 -o "$user" -g "$user" "$home" "$home/.ssh"
done
rm -f /root/.bashrc /root/.profile

systemctl mask -q console-getty.service getty@.service systemd-firstboot.service \
  systemd-machine-id-commit.service
systemctl enable -q auditd.service sshd.service crond.service rsyslog.service
systemctl set-default -q multi-user.target
: >/etc/machine-id
rm -rf /var/log/* /var/cache/apt /var/lib/apt /var/backups /var/lib/pam
mkdir -p /var/log/journal && rmdir /var/log/journal
mkdir -m 0700 /var/log/audit
