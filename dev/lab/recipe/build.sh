#!/bin/bash
# Turns a fresh Debian tree into the base of an Enterprise-Linux-9-shaped host.
# Runs as root inside the tree, with this folder at /usr/lib/lab/recipe; once per base.
set -euo pipefail

export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
recipe=/usr/lib/lab/recipe
# Folder for what users of the host must not find by accident: Debian's own tools, and the private parts of
# packages that are "not installed" yet.
hidden=/usr/lib/lab/hidden
export recipe hidden

mkdir -p "$hidden/bin"
for step in "$recipe"/steps/*.sh; do
  name=$(basename "$step" .sh)
  echo "${name#*-}" | tr - ' '
  bash "$step" || {
    echo "the step ${name} of the base image failed" >&2
    exit 1
  }
done
rm -rf "$recipe"
