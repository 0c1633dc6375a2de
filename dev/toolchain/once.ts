import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { withLock } from "./lock";
import type { OnProgress } from "./progress";

/**
 * Makes a file or folder once: whoever comes second waits for the first, and takes over when that
 * one has died.
 *
 * @param path what is made; when it exists, nothing is done
 * @param make makes it at the path that it is given, which is renamed to `path` when complete
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
      onProgress(`Waiting for another process, which is making ${path}`);
    },
  );
}
