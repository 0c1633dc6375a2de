#!/bin/bash
# Runs one lab host until it powers off: mounts its overlay, seeds it, boots it, and boots it again
# after a reboot. Started as process 1 of its own mount and process namespaces: however it ends, its
# mounts and child processes end with it.
#
# usage: supervise.sh FOLDER BASE NETNS NAME
set -euo pipefail

folder=$1 base=$2 netns=$3 name=$4
root=$folder/root
exec >"$folder/console.log" 2>&1 </dev/null
# shellcheck source=dev/lab/closeDescriptors.sh
. "${0%/*}/closeDescriptors.sh"

# Creates a control group in each systemd hierarchy: otherwise two hosts would share one and read each
# other's units. The kernel removes none of them; nspawn and leave_groups do.
groups=()
leave_groups() {
  local group
  for group in "${groups[@]}"; do
    echo $$ >"$(dirname "$group")/cgroup.procs" || true
    find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
  done
}
trap leave_groups EXIT
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
  group=$hierarchy/$netns
  # In a container the hierarchy may be read-only; one host at a time works without a group.
  if [[ ! -f $hierarchy/cgroup.procs ]] || ! mkdir -p "$group"; then continue; fi
  echo $$ >"$group/cgroup.procs"
  groups+=("$group")
done

mount --make-rprivate /
# volatile: fsync and unmounting cost nothing, which suits a throwaway host.
mount -t overlay tracks-lab -o "lowerdir=$base,upperdir=$folder/upper,workdir=$folder/work,volatile" "$root"
if [[ -d $folder/seed ]]; then
  # The base has the directories already, with their modes.
  tar -C "$folder/seed" -c . | tar -C "$root" -x --no-overwrite-dir
  chroot "$root" /usr/sbin/chpasswd <"$folder/passwords"
  rm -rf "$folder/seed" "$folder/passwords"
fi

# Without --register and with --keep-unit the machine needs neither machined nor systemd;
# for a reboot of the container nspawn then ends with 133.
while [[ ! -e $folder/stop ]]; do
  status=0
  systemd-nspawn --quiet --directory="$root" --hostname="$name" --register=no --keep-unit \
    --network-namespace-path="/run/netns/$netns" --capability=CAP_NET_ADMIN \
    --resolv-conf=off --timezone=off --link-journal=no --boot || status=$?
  [[ $status -eq 133 ]] || break
done
