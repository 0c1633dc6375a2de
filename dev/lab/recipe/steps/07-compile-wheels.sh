#!/bin/bash
# Compiles the Python packages of recipe/wheels, while the compiler is still where Debian installs it.
# Does nothing when an earlier base left its wheels in the cache.
set -euo pipefail
: "${recipe:?}"

wheels=/usr/lib/lab/wheels
[[ ! -d $wheels ]] || exit 0
mkdir -p "$wheels"
grep -v '^#' "$recipe/wheels" >/tmp/wheels.txt
if ! pip wheel --quiet --no-cache-dir --wheel-dir "$wheels" --requirement /tmp/wheels.txt 2>/tmp/wheels.log; then
  echo "can't compile wheels, so the hosts will: $(tail -n 1 /tmp/wheels.log)"
  rm -rf "$wheels"
fi
rm -f /tmp/wheels.txt /tmp/wheels.log
