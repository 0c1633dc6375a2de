import { readFile, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hostFolder, labFolder } from "./folders";
import type { Slot } from "./network";
import { isAlive, type ProcessIdentity } from "./process";

/**
 * Kind of lab host: `el9`, a container on this machine's kernel, where SELinux is disabled;
 * `el9-machine`, a virtual machine with its own kernel, where SELinux is enforcing.
 */
export type Shape = "el9" | "el9-machine";

/** Running lab host, as stored in `.lab/hosts/NAME/host.json` (0600). */
export interface LabHost {
  name: string;
  shape: Shape;
  /** IPv4, reachable from this machine and from other lab hosts. */
  address: string;
  port: 22;
  /** Public key of its sshd, `ssh-ed25519 AAAA...`, for clients to pin. */
  hostKey: string;
  /** Another key of the same sshd, `ssh-rsa AAAA...`. */
  hostKeyRsa: string;
  /** Absolute path of the private key (ed25519, 0600) that every user of the host accepts. */
  identityFile: string;
  /** `ssh-ed25519 AAAA...` of that key. */
  publicKey: string;
  users: {
    /** Logs in as root, by key. */
    root: { name: "root" };
    /** sudo without a password. */
    passwordless: { name: "admin" };
    /** sudo with this password. */
    sudoer: { name: "operator"; password: string };
  };
  /** Generated for deployments to this host; without backslash or quote. */
  secrets: { deployerPassword: string };
  /** Process of this machine that runs the host. */
  pid: number;
  /** Name of the host's network namespace; a virtual machine's is empty. */
  netns: string;
  /** @internal the same process, distinguished from a later one with its number */
  supervisor: ProcessIdentity;
  /** @internal */
  slot: Slot;
}

/** `stale`: it was running before this machine's reboot, or before somebody killed it. */
export type HostState = "running" | "stale" | "half-made";

const recordFile = (name: string): string => join(hostFolder(name), "host.json");

/** Writes the record in one step: a reader sees a complete file or none. */
export async function writeRecord(host: LabHost): Promise<void> {
  const file = recordFile(host.name);
  await writeFile(`${file}.new`, JSON.stringify(host, null, 2) + "\n", { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** @returns undefined where no host of that name was completed */
export async function readRecord(name: string): Promise<LabHost | undefined> {
  try {
    return JSON.parse(await readFile(recordFile(name), "utf8")) as LabHost;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** All hosts of this checkout, running or not. */
export async function list(): Promise<{ name: string; state: HostState; host?: LabHost }[]> {
  const names = await readdir(join(labFolder(), "hosts")).catch(() => []);
  return Promise.all(
    names.sort().map(async (name) => {
      const host = await readRecord(name);
      if (host === undefined) return { name, state: "half-made" as const };
      return { name, state: (await isAlive(host.supervisor)) ? "running" : "stale", host };
    }),
  );
}

/**
 * Running host of that name.
 *
 * @throws when there is none, with the command that creates it
 */
export async function runningHost(name: string): Promise<LabHost> {
  const host = await readRecord(name);
  if (host !== undefined && (await isAlive(host.supervisor))) return host;
  const why =
    host === undefined ? `there is no lab host ${name}` : `the lab host ${name} has ended`;
  throw new Error(`${why}; start it: npm run lab -- up ${name}`);
}
