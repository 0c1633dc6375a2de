import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, chown, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { hostKeyFile, makeKey } from "./keys";
import { addressCommands, type Slot } from "./network";

/** Data that distinguish one host from its base. */
export interface SeedOptions {
  name: string;
  address: string;
  /** The line for everybody's authorized_keys. */
  publicKey: string;
}

/**
 * Writes the files of one host, which its supervisor copies over the base before the boot: name,
 * host keys, authorized keys, and this machine's settings for reaching package registries.
 */
export async function writeSeed(seed: string, options: SeedOptions): Promise<void> {
  const etc = join(seed, "etc");
  const etcSsh = join(etc, "ssh");
  await mkdir(etcSsh, { recursive: true });
  await Promise.all([
    makeKey("ed25519", hostKeyFile(etcSsh, "ed25519"), options.name),
    makeKey("rsa", hostKeyFile(etcSsh, "rsa"), options.name),
    put(join(etc, "hostname"), `${options.name}\n`),
    put(join(etc, "machine-id"), `${randomBytes(16).toString("hex")}\n`),
    writeAuthorizedKeys(seed, options.publicKey),
    writeWayOut(etc, [`${options.address} ${options.name}`]),
  ]);
}

/** Writes what a virtual machine also needs: an address, and SELinux switched on. */
export async function writeMachineSeed(seed: string, slot: Slot): Promise<void> {
  const units = join(seed, "etc/systemd/system");
  const wanted = join(units, "multi-user.target.wants");
  const unit = [
    "[Unit]",
    "Description=The address in the lab's network",
    "BindsTo=sys-subsystem-net-devices-eth0.device",
    "After=sys-subsystem-net-devices-eth0.device",
    "Before=network.target",
    "Wants=network.target",
    "[Service]",
    "Type=oneshot",
    "RemainAfterExit=yes",
    ...addressCommands(slot).map((command) => `ExecStart=/usr/sbin/ip ${command}`),
  ];
  await Promise.all([
    put(join(units, "lab-network.service"), `${unit.join("\n")}\n`),
    // Otherwise each login of root starts a systemd for the user, which takes seconds there.
    put(join(seed, "var/lib/systemd/linger/root"), ""),
    put(join(seed, "etc/selinux/config"), "SELINUX=enforcing\nSELINUXTYPE=default\n"),
    mkdir(wanted, { recursive: true }),
  ]);
  await symlink("../lab-network.service", join(wanted, "lab-network.service"));
}

/**
 * Writes this machine's settings for reaching package registries: names, resolver, certificates,
 * pip's settings.
 *
 * @param own lines of the hosts file for the tree itself
 */
export async function writeWayOut(etc: string, own: readonly string[] = []): Promise<void> {
  await Promise.all([
    put(join(etc, "hosts"), await hostsFile(own)),
    put(join(etc, "resolv.conf"), await resolverFile()),
    copyTrust(etc),
  ]);
}

/** Writes a file that the host's users can read, whatever the umask of this process. */
async function put(file: string, content: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  await chmod(file, mode);
}

async function writeAuthorizedKeys(seed: string, publicKey: string): Promise<void> {
  const homes = { root: 0, "home/admin": 1000, "home/operator": 1001 };
  for (const [home, id] of Object.entries(homes)) {
    const file = join(seed, home, ".ssh/authorized_keys");
    await put(file, `${publicKey} lab\n`, 0o600);
    await chown(file, id, id);
  }
}

/** This machine's names for other machines, then the host's own. */
async function hostsFile(own: readonly string[]): Promise<string> {
  const known = (await readFile("/etc/hosts", "utf8"))
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^\s*(#|127\.|::1|f[ef]0)/.test(line));
  const loopback = ["127.0.0.1 localhost localhost.localdomain", "::1 localhost"];
  return [...loopback, ...own, ...known, ""].join("\n");
}

/** A host can't reach a resolver on this machine's loopback; systemd-resolved has a file with its upstream servers. */
async function resolverFile(): Promise<string> {
  const text = await readFile("/etc/resolv.conf", "utf8").catch(() => "");
  const upstream = "/run/systemd/resolve/resolv.conf";
  if (/^nameserver\s+127\./m.test(text) && existsSync(upstream)) return readFile(upstream, "utf8");
  return text;
}

/** Copies the CA certificates and pip settings with which this machine reaches its registries. */
async function copyTrust(etc: string): Promise<void> {
  const bundle = [process.env["SSL_CERT_FILE"], "/etc/ssl/certs/ca-certificates.crt"].find(
    (file) => file !== undefined && existsSync(file),
  );
  if (bundle !== undefined) {
    await put(join(etc, "ssl/certs/ca-certificates.crt"), await readFile(bundle, "utf8"));
  }
  const pip = [
    process.env["PIP_CONFIG_FILE"],
    join(homedir(), ".config/pip/pip.conf"),
    join(homedir(), ".pip/pip.conf"),
    "/etc/pip.conf",
  ].find((file) => file !== undefined && file !== "/dev/null" && existsSync(file));
  const settings = pip === undefined ? "" : await readFile(pip, "utf8");
  await put(join(etc, "pip.conf"), withFindLinks(settings));
}

/** Folder of the wheels that were compiled in a base. */
export const wheelFolder = "/usr/lib/lab/wheels";

/** pip's settings, with the base's wheels added, so that pip finds these before it compiles a source. */
function withFindLinks(settings: string): string {
  if (/^find-links\s*=/m.test(settings)) return settings;
  const line = `find-links = ${wheelFolder}\n`;
  return /^\[global\]$/m.test(settings)
    ? settings.replace(/^\[global\]\n/m, (section) => section + line)
    : `${settings}\n[global]\n${line}`;
}
