import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onInterrupt } from "../onInterrupt";

/**
 * Does work that needs a file which nobody else may read, and which must not stay: it is in a folder of its
 * own (0700), which is removed when the work is done, when it fails, and at a signal, before that ends this
 * process.
 *
 * @param work gets the path; it makes the file itself, with mode 0600
 * @param interrupted what a person should know besides, at a signal. @default nothing
 */
export async function withPrivateFile<T>(
  work: (path: string) => Promise<T>,
  interrupted: () => string = () => "",
): Promise<T> {
  // No signal comes between these lines.
  const folder = mkdtempSync(join(tmpdir(), "tracks-copy-data-"));
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", remove);
  const interruptAsUsual = onInterrupt((signal) => {
    remove();
    console.error(`Interrupted: the copy on this machine is removed. ${interrupted()}`.trim());
    forget();
    process.kill(process.pid, signal);
  });
  const forget = (): void => {
    process.removeListener("exit", remove);
    interruptAsUsual();
  };
  try {
    return await work(join(folder, "dump.json"));
  } finally {
    remove();
    forget();
  }
}
