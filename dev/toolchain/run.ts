import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** What a program came to. */
export interface RunResult {
  /** As a shell has it: 128 + signal when one ended the program, 127 when it could not be started. */
  exitCode: number;
  stdout: string;
  /** What it said, or why it could not be started. */
  stderr: string;
  timedOut: boolean;
}

/** What a program has beside its arguments. */
export interface RunOptions {
  /** Its stdin; empty by default. */
  input?: string;
  /** Its working directory; this process's by default. */
  cwd?: string;
  /** Added to this process's environment. */
  env?: Record<string, string>;
  /** Killed after this long; never by default. */
  timeoutMs?: number;
  /** Told each line of stdout as it comes. */
  onLine?: (line: string) => void;
  /** Told each line of stderr as it comes. */
  onErrorLine?: (line: string) => void;
  /** Killed when this is aborted. */
  signal?: AbortSignal;
}

/** Runs a program to its end, without a shell; a failing one is a result, not an error. */
export function tryRun(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const { input = "", cwd, env, timeoutMs, onLine, onErrorLine, signal } = options;
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env } });
    const stop = (): void => void child.kill("SIGKILL");
    signal?.addEventListener("abort", stop);
    const result = { exitCode: 255, stdout: "", stderr: "", timedOut: false };
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            result.timedOut = true;
            child.kill("SIGKILL");
          }, timeoutMs);
    child.stdout.setEncoding("utf8").on("data", (text: string) => (result.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (result.stderr += text));
    if (onLine !== undefined) createInterface(child.stdout).on("line", onLine);
    if (onErrorLine !== undefined) createInterface(child.stderr).on("line", onErrorLine);
    // A program that ends without reading all of its stdin has its reasons.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    const finish = (changed: Partial<RunResult>): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      resolve({ ...result, ...changed });
    };
    child.on("error", ({ message }) => {
      finish({ exitCode: 127, stderr: message });
    });
    child.on("close", (code, endedBy) => {
      finish({ exitCode: code ?? (endedBy === "SIGINT" ? 130 : 137) });
    });
  });
}

/** @throws when the program fails, with what it said */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const result = await tryRun(command, args, options);
  if (result.exitCode !== 0) {
    const words = result.stderr.trim() || result.stdout.trim();
    throw new Error(`${command} ${args.join(" ")} failed (${result.exitCode}): ${words}`);
  }
  return result;
}
