import { appendFile } from "node:fs/promises";
import { execa } from "execa";

/** How one command of a contender ended. */
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
  /** What the command prints is appended here. */
  readonly log: string;
  /** Aborted: the command is ended. */
  readonly signal?: AbortSignal | undefined;
}

/** Grace for a command to clean up after itself before it is killed. */
const KILL_AFTER_MS = 10_000;

/** Runs what a person would type, and measures it. A failing command is a result, not an error. */
export async function runTimed(
  command: string,
  args: readonly string[],
  { log, signal, ...options }: CommandOptions,
): Promise<CommandRun> {
  const begun = process.hrtime.bigint();
  const result = await execa(command, args, {
    ...options,
    stdin: "ignore",
    all: true,
    reject: false,
    forceKillAfterDelay: KILL_AFTER_MS,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  signal?.throwIfAborted();
  if (result.exitCode === undefined) throw new Error(`${command} did not run: ${result.message}`);
  const head = `\n$ ${command} ${args.join(" ")}\n`;
  const end = `\n(exit code ${result.exitCode} after ${seconds.toFixed(2)} s)\n`;
  await appendFile(log, head + result.all + end);
  return { seconds, exitCode: result.exitCode, output: result.all };
}
