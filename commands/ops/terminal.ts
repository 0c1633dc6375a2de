import type { RemoteProcess, Terminal, TerminalSize } from "../../host/ssh/process";
import { onUnread } from "./closedPipe";
import { exitCodes } from "./exitCodes";

/** This process's terminal; undefined where a person does not sit at both ends. */
export function ownTerminal(): Terminal | undefined {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return undefined;
  return { ...size(), type: process.env["TERM"] || "xterm" };
}

function size(): TerminalSize {
  const { columns, rows } = process.stdout;
  // A terminal that does not know its own size says 0.
  return { columns: columns || 80, rows: rows || 24 };
}

/**
 * Joins the streams of this process with those of a program on the host, until that one ends.
 *
 * On a terminal every key goes to the program, Ctrl-C too.
 *
 * @returns the program's exit code, or at once that of a program whose output nobody reads any more
 */
export async function attach(
  remote: RemoteProcess,
  terminal: Terminal | undefined,
): Promise<number> {
  const { stdin, stdout, stderr } = process;
  const resized = (): void => {
    remote.resize(size());
  };
  if (terminal !== undefined) {
    stdin.setRawMode(true);
    stdout.on("resize", resized);
  }
  stdin.pipe(remote.stdin);
  remote.stdout.pipe(stdout, { end: false });
  remote.stderr.pipe(stderr, { end: false });
  let forget = (): void => undefined;
  const unheard = new Promise<number>((resolve) => {
    forget = onUnread(() => {
      resolve(exitCodes.unread);
    });
  });
  try {
    return (await Promise.race([remote.ended, unheard])) ?? exitCodes.unreached;
  } finally {
    forget();
    stdin.unpipe(remote.stdin);
    stdin.pause();
    if (terminal !== undefined) {
      stdin.setRawMode(false);
      stdout.off("resize", resized);
    }
  }
}
