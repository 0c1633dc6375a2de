import assert from "node:assert/strict";
import type { Bench, Trait } from "../trait";
import { addConfiguredPackage } from "./configuredPackage";

/** Where files lie, and what may be done there. */
export const places: readonly Trait[] = [
  {
    name: "noexec",
    severity: "other",
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
    severity: "critical",
    fault:
      "the link is replaced by a directory, changes its owner or goes with the destroy (what SELinux does behind it is tried in the virtual machine)",
    bites: {
      version: "e872877 without follow_directory_link",
      words: "a directory in the link's place; /microarray can't be put back (destroy)",
    },
    makes: { "site root": "a link" },
    set: "mkdir -p /data/microarray; ln -s /data/microarray /microarray",
    shown: { command: "readlink /microarray", prints: "/data/microarray" },
    kept: "stat -c '%N %F %U:%G' /microarray; stat -c '%a %U:%G' /data/microarray",
  },
  {
    name: "site-root-mount",
    severity: "critical",
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
    kept: "findmnt -no FSTYPE,SOURCE,OPTIONS /microarray; stat -c '%a %U:%G' /microarray",
  },
  {
    name: "home-mount",
    severity: "other",
    fault:
      "the deployer's home is a file system of its own, and the advice to give that to root locks the deployer out",
    bites: {
      version: "233bbb1 without refuse_top's case of a home",
      words: "nothing can be staged there safely; chown root /home/deployer (preview)",
    },
    makes: { deployer: "adopted" },
    set: `
      id deployer >/dev/null 2>&1 || useradd -m deployer
      mkdir /mnt/disk-of-deployer
      mount -t tmpfs -o nosuid,nodev home /mnt/disk-of-deployer
      cp -a /home/deployer/. /mnt/disk-of-deployer
      mount --bind /mnt/disk-of-deployer /home/deployer`,
    shown: {
      command: "findmnt -no FSTYPE,SOURCE /home/deployer; stat -c %U /home/deployer",
      prints: /^tmpfs +home\ndeployer$/,
    },
    refused: {
      says: /\/home\/deployer is the home of deployer and must stay so: mount its file system at \/home, with \/home\/deployer as a directory on it/,
      wayOut: `
        umount /home/deployer
        cd /mnt/disk-of-deployer
        cp -a /home/. .
        find . -mindepth 1 -maxdepth 1 ! -name admin ! -name operator ! -name deployer -exec mv -t deployer {} +
        chown root: .; chmod 755 .
        mount --bind . /home`,
    },
    check: async ({ onHost }) => {
      await onHost("su - deployer -c 'touch probe && rm probe'");
    },
    kept: "findmnt -no FSTYPE,SOURCE,OPTIONS /home; stat -c '%n %a %U:%G' /home /home/*",
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
      assert.match(text, /the file system of \/microarray is not mounted.*Mount it/);
    }
    assert.equal(await bench.onHost("ls -A /microarray"), "");
  } finally {
    await bench.onHost("mount --bind /mnt/disk /microarray");
  }
  assert.equal(await bench.onHost(`sha256sum ${key}`), before);
}
