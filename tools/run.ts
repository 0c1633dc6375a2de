import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** How a program ended, and what it printed. */
export interface Finished {
  /** Exit code; undefined when it could not be started, or was ended by a signal or the bound. */
  code: number | undefined;
  stdout: string;
  stderr: string;
}

/**
 * Runs a program to its end without a shell or input.
 *
 * @param options.env variables added to this process's environment
 * @param options.timeout milliseconds after which it is killed; default none
 * @param options.onLine gets each line of stderr as it comes
 */
export function run(
  program: string,
  args: readonly string[],
  options: {
    cwd?: string;
    env?: Record<string, string>;
    timeout?: number;
    onLine?: (line: string) => void;
  } = {},
): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: options.timeout,
      killSignal: "SIGKILL",
    });
    let stdout = "";
    const stderr: string[] = [];
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    createInterface({ input: child.stderr }).on("line", (line) => {
      stderr.push(line);
      options.onLine?.(line);
    });
    child.once("error", (error) => {
      resolve({ code: undefined, stdout, stderr: error.message });
    });
    child.once("close", (code) => {
      resolve({ code: code ?? undefined, stdout, stderr: stderr.join("\n") });
    });
  });
}

/** Like {@link run}, for a program that must succeed. */
export async function mustRun(
  ...[program, args, options]: Parameters<typeof run>
): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, options);
  if (code === 0) return stdout;
  const ending = code === undefined ? "did not run" : `exited with ${code}`;
  throw new Error(`${program} ${args.join(" ")} ${ending}:\n${stderr}`);
}
