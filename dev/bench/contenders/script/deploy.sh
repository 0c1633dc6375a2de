#!/bin/bash
# Deploys the site to the host, over one SSH connection: deploy.sh SETTINGS [SSH-OPTION...] LOGIN@HOST
#
# SETTINGS is a file of shell assignments, see site.sh; SOURCE and DUMP in it are paths on this machine.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
settings=$1
shift
# shellcheck source=/dev/null
. "$settings"

baggage=$(mktemp -d)
trap 'rm -rf "$baggage"' EXIT
cp "$here/site.sh" "$here/files.sh" "$here/../convert_dump.py" "$baggage"
cp "$settings" "$baggage/settings"
cp "$DUMP" "$baggage/old_tracks.json"
tar --create --file="$baggage/source.tar" --directory="$SOURCE" --sort=name --owner=0 --group=0 \
  --exclude=__pycache__ --exclude=./media --exclude=./db.sqlite3 --exclude=./staticfiles .

tar --create --gzip --directory="$baggage" . | ssh "$@" '
  set -e
  umask 077
  baggage=$(mktemp -d)
  trap "rm -rf \"$baggage\"" EXIT
  tar --extract --gzip --directory="$baggage"
  bash "$baggage/site.sh"
'
