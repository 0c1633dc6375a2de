import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { execa } from "execa";

/**
 * Runs `work` while holding an exclusive lock on `file` (created when missing).
 *
 * It is a lock of the kernel (flock), held by a child that lives only as long as our end of its
 * stdin: the kernel frees it when this process ends in whatever way, so no lock is ever stale.
 *
 * @param onWait - called once when another process holds the lock
 */
export async function withLock<T>(
  file: string,
  work: () => Promise<T>,
  onWait?: () => void,
): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  // Detached: a Ctrl-C in the terminal must reach only this process, which cleans up, not the lock's holder.
  const holder = execa("flock", ["--exclusive", file, "sh", "-c", "echo held; exec cat"], {
    detached: true,
  });
  const waiting = onWait && setTimeout(onWait, 300);
  try {
    // The holder ends by itself only when it can't get the lock, and says why.
    await Promise.race([once(holder.stdout, "data"), holder]);
  } finally {
    clearTimeout(waiting);
  }
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await holder;
  }
}
