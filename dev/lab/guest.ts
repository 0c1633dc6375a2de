import { dirname, join } from "node:path";
import { execa } from "execa";
import { writeKnownHosts } from "./knownHosts";
import type { LabHost } from "./record";
import { childrenOf, nameOf } from "./process";

/** What one command inside a host came to. */
export interface GuestResult {
  /** 255 when a signal ended it, as a reboot of the host does. */
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** The environment of root's login on Enterprise Linux; nothing of this machine's. */
const ENVIRONMENT = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
  HOME: "/root",
  USER: "root",
  LOGNAME: "root",
  SHELL: "/bin/bash",
  LANG: "C.UTF-8",
};

/**
 * Runs a bash command as root inside the host. In a container without SSH: it works whatever sshd, firewall
 * or keys have become. A failing command is a result, not an error.
 *
 * @param options.input - the command's stdin; empty by default
 * @param options.timeoutMs - two minutes by default, ten in a virtual machine; the command is killed then
 * @throws when the host isn't running, or the time is over
 */
export async function exec(
  host: LabHost,
  command: string,
  options: { input?: string; timeoutMs?: number } = {},
): Promise<GuestResult> {
  const { input = "", timeoutMs = host.shape === "el9-machine" ? 600_000 : 120_000 } = options;
  const [program, ...args] = await insideCommand(host, ["bash", "-c", command]);
  const result = await execa(program, args, {
    input,
    timeout: timeoutMs,
    killSignal: "SIGKILL",
    stripFinalNewline: false,
    reject: false,
  });
  if (result.timedOut) {
    throw new Error(`on the lab host ${host.name}: no end after ${timeoutMs} ms: ${command}`);
  }
  return { exitCode: result.exitCode ?? 255, stdout: result.stdout, stderr: result.stderr };
}

/**
 * The command of this machine that runs `command` inside the host as root.
 *
 * @param options.terminal - whether a person sits before it
 */
export async function insideCommand(
  host: LabHost,
  command: string[],
  options: { terminal?: boolean } = {},
): Promise<[string, ...string[]]> {
  const variables = Object.entries(ENVIRONMENT).map(([name, value]) => `${name}=${value}`);
  const inside = ["/usr/bin/env", "-i", "--chdir=/", ...variables, ...command];
  if (host.shape === "el9-machine") {
    const words = inside.map((word) => `'${quoted(word)}'`).join(" ");
    return ["ssh", ...(await sshArguments(host)), ...(options.terminal ? ["-t"] : []), words];
  }
  const leader = await leaderOf(host);
  if (leader === undefined) throw new Error(`the lab host ${host.name} isn't running`);
  return [
    "nsenter",
    `--target=${leader}`,
    ...["--mount", "--uts", "--ipc", "--net", "--pid", "--root"],
    ...inside,
  ];
}

/** Arguments of OpenSSH's client that log in as root, with the host's keys pinned. */
async function sshArguments(host: LabHost): Promise<string[]> {
  const folder = dirname(host.identityFile);
  const knownHosts = await writeKnownHosts(host, join(folder, "known_hosts"));
  return [
    ...["-F", "none", "-i", host.identityFile, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"],
    ...["-o", "StrictHostKeyChecking=yes", "-o", `UserKnownHostsFile=${knownHosts}`],
    ...["-o", "ConnectTimeout=30", `root@${host.address}`],
  ];
}

/** @throws when the file can't be read */
export async function readFile(host: LabHost, path: string): Promise<string> {
  const result = await exec(host, `cat -- '${quoted(path)}'`);
  if (result.exitCode !== 0) throw new Error(`on the lab host ${host.name}: ${result.stderr}`);
  return result.stdout;
}

/**
 * Writes a file as root; one that exists keeps owner, mode and label.
 *
 * @param mode - octal, for a file that is new or shall change, for example `0644`
 * @throws when it can't be written
 */
export async function writeFile(
  host: LabHost,
  path: string,
  content: string,
  mode?: string,
): Promise<void> {
  const file = `'${quoted(path)}'`;
  const change = mode === undefined ? "" : ` && chmod ${mode} -- ${file}`;
  const result = await exec(host, `cat >${file}${change}`, { input: content });
  if (result.exitCode !== 0) throw new Error(`on the lab host ${host.name}: ${result.stderr}`);
}

/** How many connections the host's sshd has taken since it was made. */
export async function sshConnections(host: LabHost): Promise<number> {
  const result = await exec(host, "grep -c ': Connection from ' /var/log/secure");
  return Number(result.stdout);
}

/**
 * The process on this machine that is the host: a container's process 1, another one after each reboot; a
 * virtual machine's emulator, another one after each power cut.
 *
 * @returns undefined while there is none
 */
export async function leaderOf(host: Pick<LabHost, "supervisor">): Promise<number | undefined> {
  // Down the line of unshare, the supervisor's bash and systemd-nspawn or QEMU.
  let pid = host.supervisor.pid;
  for (;;) {
    const [child] = await childrenOf(pid);
    if (child === undefined) return undefined;
    if ((await nameOf(pid)) === "systemd-nspawn") return child;
    if ((await nameOf(child))?.startsWith("qemu-system-")) return child;
    pid = child;
  }
}

const quoted = (text: string): string => text.replaceAll("'", `'\\''`);
