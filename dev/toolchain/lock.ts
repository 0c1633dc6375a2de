import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { execa } from "execa";

/**
 * Runs `work` while holding an exclusive lock on `file` (made when missing).
 *
 * The lock is the kernel's (flock), held by a child that lives only as long as our end of its
 * stdin: it is gone when this process ends in whatever way, so nobody ever has to break a lock.
 *
 * @param onWait - called once when somebody else holds the lock
 */
export async function withLock<T>(
  file: string,
  work: () => Promise<T>,
  onWait?: () => void,
): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  // Detached: a Ctrl-C in the terminal reaches us, who clean up, and not the lock's holder.
  const holder = execa("flock", ["--exclusive", file, "sh", "-c", "echo held; exec cat"], {
    detached: true,
  });
  const waiting = onWait && setTimeout(onWait, 300);
  try {
    // It ends by itself only where it can't hold the lock, and says why.
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
