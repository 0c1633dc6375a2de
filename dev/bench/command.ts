import { appendFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";

/** Result of one command of a contender. */
export interface CommandRun {
  /** Wall time. */
  readonly seconds: number;
  readonly exitCode: number;
  /** Both streams together. */
  readonly output: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** File to which the command's output is appended. */
  readonly log: string;
  /** When aborted, the command is ended. */
  readonly signal?: AbortSignal | undefined;
}

/** Time for a command to clean up before it is killed. */
const KILL_AFTER_MS = 10_000;
const CHECK_EVERY_MS = 50;

/** Runs what a person would type, and measures it. A failing command is a result, not an error. */
export async function runTimed(
  command: string,
  args: readonly string[],
  { log, signal, ...options }: CommandOptions,
): Promise<CommandRun> {
  signal?.throwIfAborted();
  const begun = process.hrtime.bigint();
  // A separate process group, so that it can be ended together with its child processes.
  const running = execa(command, args, {
    ...options,
    stdin: "ignore",
    all: true,
    reject: false,
    detached: true,
  });
  const interrupt = (): void => void endGroup(running.pid);
  signal?.addEventListener("abort", interrupt);
  const result = await running;
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  signal?.removeEventListener("abort", interrupt);
  signal?.throwIfAborted();
  if (result.exitCode === undefined) throw new Error(`${command} did not run: ${result.message}`);
  const head = `\n$ ${command} ${args.join(" ")}\n`;
  const end = `\n(exit code ${result.exitCode} after ${seconds.toFixed(2)} s)\n`;
  await appendFile(log, head + result.all + end);
  return { seconds, exitCode: result.exitCode, output: result.all };
}

/** Asks a process group to end, and later kills what is left of it. */
async function endGroup(leader: number | undefined): Promise<void> {
  if (leader === undefined) return;
  signalGroup(leader, "SIGTERM");
  const deadline = Date.now() + KILL_AFTER_MS;
  while (signalGroup(leader, 0) && Date.now() < deadline) await sleep(CHECK_EVERY_MS);
  signalGroup(leader, "SIGKILL");
}

/** @returns whether there was a process to get the signal */
function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch {
    return false;
  }
}
