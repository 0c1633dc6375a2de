import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";

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
  const holder = spawn("flock", ["--exclusive", file, "sh", "-c", "echo held; exec cat"], {
    stdio: ["pipe", "pipe", "ignore"],
    detached: true,
  });
  const held = Promise.race([
    once(holder.stdout, "data"),
    once(holder, "exit").then(() => {
      throw new Error(`cannot lock ${file}: flock ended before it held the lock`);
    }),
  ]);
  const waiting = onWait && setTimeout(onWait, 300);
  try {
    await held;
  } finally {
    clearTimeout(waiting);
  }
  try {
    return await work();
  } finally {
    const gone = once(holder, "exit");
    holder.stdin.end();
    await gone;
  }
}
