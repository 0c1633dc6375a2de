import assert from "node:assert/strict";
import type { Bench, Trait } from "../trait";
import { addConfiguredPackage } from "./configuredPackage";

/** Where files lie, and what may be done there. */
export const places: readonly Trait[] = [
  {
    name: "noexec",
    fault: "what pip or git unpacks into a temporary directory can't be run there",
    bites: {
      version: "1e56a5c",
      words: "Permission denied: '/tmp/pip-install-dypewyc6/configured_.../configure'",
    },
    dangerousWith: ["umask-077", "home-mount"],
    set: async (bench) => {
      await bench.onHost(`
        mount -t tmpfs -o mode=1777 tmpfs /var/tmp
        for place in /tmp /var/tmp /dev/shm; do mount -o remount,noexec,nosuid,nodev $place; done`);
      await addConfiguredPackage(bench.site);
    },
    shown: {
      command: "for place in /tmp /var/tmp /dev/shm; do findmnt -no OPTIONS $place; done",
      prints: /^(\S*\bnoexec\b\S*\n?){3}$/,
    },
    check: async ({ site }) => {
      const installed = "/home/deployer/venv/bin/python -c 'import configured'";
      await site.deployment.onHost(`runuser -u deployer -- ${installed}`);
    },
  },
  {
    name: "site-root-link",
    fault:
      "the link is replaced by a directory, changes its owner or goes with the destroy (what SELinux does behind it is tried in the virtual machine)",
    makes: { "site root": "a link" },
    set: "mkdir -p /data/microarray; ln -s /data/microarray /microarray",
    shown: { command: "readlink /microarray", prints: "/data/microarray" },
    unchanged: "stat -c '%N %F %U:%G' /microarray; stat -c '%a %U:%G' /data/microarray",
  },
  {
    name: "site-root-mount",
    fault:
      "while its file system is not mounted, an empty site with a new key is made in its place",
    bites: { version: "1e56a5c", words: "/microarray/shared/tracks: is missing; up repairs it" },
    makes: { "site root": "a mount" },
    dangerousWith: ["umask-077"],
    set: `
      mkdir /microarray /mnt/disk
      mount -t tmpfs -o mode=755 disk /mnt/disk
      mount --bind /mnt/disk /microarray`,
    shown: { command: "findmnt -no FSTYPE,SOURCE /microarray", prints: /^tmpfs +disk/ },
    check: refusedWithoutMount,
    unchanged: "findmnt -no FSTYPE,SOURCE,OPTIONS /microarray; stat -c '%a %U:%G' /microarray",
  },
  {
    name: "home-mount",
    fault: "a home on a file system of its own is taken for one that nobody has, or is moved aside",
    set: `
      mkdir /mnt/homes
      mount -t tmpfs -o mode=755,nosuid,nodev homes /mnt/homes
      cp -a /home/. /mnt/homes
      mount --bind /mnt/homes /home`,
    shown: { command: "findmnt -no FSTYPE,SOURCE /home", prints: /^tmpfs +homes/ },
    unchanged: "findmnt -no FSTYPE,SOURCE,OPTIONS /home; sha256sum /home/*/.ssh/authorized_keys",
  },
];

async function refusedWithoutMount(bench: Bench): Promise<void> {
  const key = "/microarray/shared/tracks/secret_key";
  const before = await bench.onHost(`sha256sum ${key}`);
  await bench.onHost("umount -l /microarray");
  try {
    for (const command of [["preview"], ["up", "--yes", "--skip-preview"]]) {
      const { exitCode, text } = await bench.site.deployment.pulumi(...command);
      assert.notEqual(exitCode, 0, text);
      assert.match(text, /the file system of \/microarray is not there.*Mount it/);
    }
    assert.equal(await bench.onHost("ls -A /microarray"), "");
  } finally {
    await bench.onHost("mount --bind /mnt/disk /microarray");
  }
  assert.equal(await bench.onHost(`sha256sum ${key}`), before);
}
