import type { LabHost } from "./record";
import { childrenOf, nameOf } from "./process";
import { tryRun } from "../tools/run";

/** What one command inside a host came to. */
export interface GuestResult {
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
 * Runs a bash command as root inside the host, without SSH: it works whatever sshd, firewall or
 * keys have become. A failing command is a result, not an error.
 *
 * @param options.input - the command's stdin; empty by default
 * @param options.timeoutMs - 120000 by default; the command is killed then
 * @throws when the host isn't running, or the time is over
 */
export async function exec(
  host: LabHost,
  command: string,
  options: { input?: string; timeoutMs?: number } = {},
): Promise<GuestResult> {
  const { input = "", timeoutMs = 120_000 } = options;
  const result = await tryRun("nsenter", await insideArguments(host, ["bash", "-c", command]), {
    input,
    timeoutMs,
  });
  if (result.timedOut) {
    throw new Error(`on the lab host ${host.name}: no end after ${timeoutMs} ms: ${command}`);
  }
  return { exitCode: result.exitCode, stdout: result.stdout, stderr: result.stderr };
}

/** Arguments for nsenter that run `command` inside the host as root. */
export async function insideArguments(host: LabHost, command: string[]): Promise<string[]> {
  const leader = await leaderOf(host);
  if (leader === undefined) throw new Error(`the lab host ${host.name} isn't running`);
  const variables = Object.entries(ENVIRONMENT).map(([name, value]) => `${name}=${value}`);
  return [
    `--target=${leader}`,
    ...["--mount", "--uts", "--ipc", "--net", "--pid", "--root"],
    ...["/usr/bin/env", "-i", "--chdir=/", ...variables, ...command],
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
 * The process on this machine that is the host's process 1; another one after each reboot.
 *
 * @returns undefined while there is none
 */
export async function leaderOf(host: Pick<LabHost, "supervisor">): Promise<number | undefined> {
  // Down the line of unshare, supervise.sh and systemd-nspawn, whose child it is.
  let pid = host.supervisor.pid;
  for (;;) {
    const [child] = await childrenOf(pid);
    if (child === undefined || (await nameOf(pid)) === "systemd-nspawn") return child;
    pid = child;
  }
}

const quoted = (text: string): string => text.replaceAll("'", `'\\''`);
