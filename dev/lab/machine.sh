#!/bin/bash
# Runs one virtual machine of the lab until it powers off: seeds a tree over the base, makes a disk image of it,
# boots it, and boots it again after a power cut. Started as process 1 of its own mount and process
# namespaces: however it ends, its mounts and child processes end with it.
#
# usage: machine.sh FOLDER BASE INTERFACE HARDWARE-ADDRESS
set -euo pipefail

folder=$1 base=$2 interface=$3 hardware=$4
root=$folder/root
contexts=/etc/selinux/default/contexts/files/file_contexts
exec >"$folder/console.log" 2>&1 </dev/null
# shellcheck source=dev/lab/closeDescriptors.sh
. "${0%/*}/closeDescriptors.sh"

mount --make-rprivate /
mount -t overlay tracks-lab -o "lowerdir=$base,upperdir=$folder/upper,workdir=$folder/work,volatile" "$root"
# The base has the directories already, with their modes.
tar -C "$folder/seed" -c . | tar -C "$root" -x --no-overwrite-dir
chroot "$root" /usr/sbin/chpasswd <"$folder/passwords"
# The base has its labels; this labels the new files, and the top directory, which is the overlay's.
chroot "$root" /usr/bin/setfattr -n security.selinux -v system_u:object_r:root_t:s0 /
mount -t proc proc "$root/proc"
for part in "$folder"/seed/*; do echo "/${part##*/}"; done \
  | chroot "$root" /usr/sbin/setfiles -F -f - "$contexts"
umount "$root/proc"
mke2fs -q -t ext4 -m 0 -d "$root" "$folder/disk.img" 8G
umount "$root"
rm -rf "$folder/seed" "$folder/passwords" "$folder/upper" "$folder/work"

# Emulated (TCG), since that also works without KVM. A processor without AVX: with "max" systemd 252
# did not find the mounts that it had made (QEMU 7.2; for an unknown reason). A reboot stays inside the process;
# SIGKILL is a power cut.
# With these options a process starts in a quarter of the time, and SELinux depends on none of them. norandmaps:
# each process has the same addresses, so the emulator uses translated code again. mitigations=off: no work
# against the flaws of real processors. init_on_alloc=0: the kernel's pages are not zeroed.
# transparent_hugepage=never: no huge pages to zero or copy.
quick="norandmaps mitigations=off init_on_alloc=0 transparent_hugepage=never"
while [[ ! -e $folder/stop ]]; do
  status=0
  qemu-system-x86_64 -accel tcg,thread=multi -cpu Nehalem -smp 2 -m 2048 \
    -nodefaults -display none -serial stdio -device virtio-rng-pci \
    -kernel "$base"/boot/vmlinuz-* -initrd "$base"/boot/initrd.img-* \
    -append "root=/dev/vda rw console=ttyS0 quiet net.ifnames=0 audit=1 $quick security=selinux selinux=1 enforcing=1" \
    -drive "file=$folder/disk.img,format=raw,if=virtio,cache=none" \
    -netdev "tap,id=net,ifname=$interface,script=no,downscript=no" \
    -device "virtio-net-pci,netdev=net,mac=$hardware" || status=$?
  [[ $status -eq 137 ]] || break
done
