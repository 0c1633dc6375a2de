#!/bin/bash
# SELinux as far as a deployment meets it; see selinux/README.md. First of all steps: the compiler is
# gone after the next.
set -euo pipefail
: "${recipe:?}"

mkdir -p /usr/lib/lab/selinux /etc/selinux/targeted/contexts/files
gcc -std=gnu11 -Wall -Wextra -Werror -O2 -fPIC -shared \
  -o /usr/lib/lab/selinux/labels.so "$recipe"/selinux/shim/*.c -ldl

cp "$recipe/selinux/tools/policy_data.py" /usr/lib/lab/selinux/
for tool in "$recipe"/selinux/tools/*; do
  case $tool in
    *.py | */semanage) ;;
    *) install -m 0755 "$tool" /usr/sbin/ ;;
  esac
done
install -m 0644 "$recipe"/selinux/policy/{booleans,ports,types} /etc/selinux/targeted/
install -m 0644 "$recipe/selinux/policy/file_contexts" /etc/selinux/targeted/contexts/files/
