import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { withLock } from "./lock";
import type { OnProgress } from "./progress";

/**
 * Creates a file or folder once: a second process waits for the first one, and takes over if that dies.
 *
 * @param path to create; when it exists, nothing is done
 * @param make creates it at the path that it gets, which is renamed to `path` when complete
 */
export async function makeOnce(
  path: string,
  onProgress: OnProgress,
  make: (unfinished: string) => Promise<void>,
): Promise<void> {
  if (existsSync(path)) return;
  const unfinished = `${path}.unfinished`;
  await withLock(
    `${path}.lock`,
    async () => {
      if (existsSync(path)) return;
      await rm(unfinished, { recursive: true, force: true });
      try {
        await make(unfinished);
        await rename(unfinished, path);
      } finally {
        await rm(unfinished, { recursive: true, force: true });
      }
    },
    () => {
      onProgress(`Waiting for another process, which is creating ${path}`);
    },
  );
}
