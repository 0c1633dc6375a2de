import { readdir, readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

/** What the file backend writes into a lock: who holds the stack. */
export interface LockHolder {
  pid: number;
  hostname: string;
  username: string;
  timestamp: string;
}

/** A lock that must not be broken; the message says who holds it and what to do. */
export class StackLockedError extends Error {
  override name = "StackLockedError";
}

/** Where the file backend keeps a stack's locks. */
export function lockDirectory(
  backendUrl: string,
  project: string,
  stack: string,
): string | undefined {
  if (!backendUrl.startsWith("file://")) return undefined;
  const path = backendUrl.slice("file://".length).replace(/^~/, process.env.HOME ?? "~");
  return join(path, ".pulumi", "locks", "organization", project, stack);
}

/**
 * Proves that nobody works on the stack any more.
 *
 * @returns the dead holders, for the report
 * @throws StackLockedError when a holder lives, or runs on another machine where that can't be seen
 */
export async function proveHoldersDead(directory: string): Promise<LockHolder[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    // No folder, no lock; a folder that can't be read says nothing about its locks.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  });
  const holders = await Promise.all(
    names
      .filter((name) => name.endsWith(".json"))
      .map(async (name) => JSON.parse(await readFile(join(directory, name), "utf8")) as LockHolder),
  );
  for (const holder of holders) {
    const who = `process ${holder.pid} of ${holder.username} on ${holder.hostname}, since ${holder.timestamp}`;
    if (holder.hostname !== hostname()) {
      throw new StackLockedError(
        `The stack is locked by ${who}: run this command on that machine, where it can be seen whether the process lives.`,
      );
    }
    if (isAlive(holder.pid)) {
      throw new StackLockedError(
        `The stack is locked by ${who}, which is still running: wait for it, or end it with Ctrl-C in its terminal.`,
      );
    }
  }
  return holders;
}

/** Whether a process of this id exists, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
