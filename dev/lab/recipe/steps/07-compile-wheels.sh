#!/bin/bash
# Compiles the Python packages of recipe/wheels, while the compiler still stands where Debian has it.
# Wheels that an earlier base left in the cache are there already.
set -euo pipefail
: "${recipe:?}"

wheels=/usr/lib/lab/wheels
[[ ! -d $wheels ]] || exit 0
mkdir -p "$wheels"
grep -v '^#' "$recipe/wheels" >/tmp/wheels.txt
if ! pip wheel --quiet --no-cache-dir --wheel-dir "$wheels" --requirement /tmp/wheels.txt 2>/tmp/wheels.log; then
  echo "no wheels, hosts compile them themselves: $(tail -n 1 /tmp/wheels.log)"
  rm -rf "$wheels"
fi
rm -f /tmp/wheels.txt /tmp/wheels.log
