import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** What a program came to. */
export interface RunResult {
  /** 128 + signal when one ended it. */
  exitCode: number;
  stdout: string;
  stderr: string;
  timedOut: boolean;
}

export interface RunOptions {
  /** Its stdin; empty by default. */
  input?: string;
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

/** Runs a program to its end; a failing one is a result, not an error. */
export function tryRun(
  command: string,
  args: string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const { input = "", env, timeoutMs, onLine, onErrorLine, signal } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...env } });
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
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("close", (code, endedBy) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      resolve({ ...result, exitCode: code ?? (endedBy === "SIGINT" ? 130 : 137) });
    });
  });
}

/** @throws when the program fails, with what it said */
export async function run(
  command: string,
  args: string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const result = await tryRun(command, args, options);
  if (result.exitCode !== 0) {
    const words = result.stderr.trim() || result.stdout.trim();
    throw new Error(`${command} ${args.join(" ")} failed (${result.exitCode}): ${words}`);
  }
  return result;
}
