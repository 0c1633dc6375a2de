import { dirname, join } from "node:path";
import { execa } from "execa";
import { writeKnownHosts } from "./knownHosts";
import type { LabHost } from "./record";
import { childrenOf, nameOf } from "./process";

/** Result of one command inside a host. */
export interface GuestResult {
  /** 255 when a signal ended it, as a reboot of the host does. */
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Environment of root's login on Enterprise Linux; has no variable of this machine. */
const ENVIRONMENT = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
  HOME: "/root",
  USER: "root",
  LOGNAME: "root",
  SHELL: "/bin/bash",
  LANG: "C.UTF-8",
};

/**
 * Runs a bash command as root inside the host. Enters a container without SSH, so it works whatever the state of
 * sshd, firewall or keys. A failing command is a result, not an error.
 *
 * @param options.input - the command's stdin; empty by default
 * @param options.timeoutMs - after which the command is killed; by default two minutes, ten in a virtual machine
 * @throws when the host isn't running, or after the time-out
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
    throw new Error(
      `on the lab host ${host.name}: still running after ${timeoutMs} ms: ${command}`,
    );
  }
  return { exitCode: result.exitCode ?? 255, stdout: result.stdout, stderr: result.stderr };
}

/**
 * Command of this machine that runs `command` inside the host as root.
 *
 * @param options.terminal - whether it needs a terminal
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
  if (leader === undefined)
    throw new Error(
      `the lab host ${host.name} isn't running; start it: npm run lab -- up ${host.name}`,
    );
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
 * @param mode - octal, such as `0644`; left out, an existing file keeps its mode
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

/** Number of connections that the host's sshd has accepted since the host was created. */
export async function sshConnections(host: LabHost): Promise<number> {
  const result = await exec(host, "grep -c ': Connection from ' /var/log/secure");
  return Number(result.stdout);
}

/**
 * Process on this machine that is the host: a container's process 1, another one after each reboot; a
 * virtual machine's emulator, another one after each power cut.
 *
 * @returns undefined while there is none
 */
export async function leaderOf(host: Pick<LabHost, "supervisor">): Promise<number | undefined> {
  // Follows the children of unshare: the supervisor's bash, then systemd-nspawn or QEMU.
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
