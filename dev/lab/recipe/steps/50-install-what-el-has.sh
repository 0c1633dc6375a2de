#!/bin/bash
# Installs the packages of a minimal EL9 installation with dnf, so that they are in rpm's database.
set -euo pipefail

mkdir -p /var/lib/rpm
rpm --initdb
dnf -y -q --releasever=9 --setopt=install_weak_deps=False install minimal-environment >/dev/null
dnf -q clean all
