import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { OnProgress } from "./progress";

/** Milliseconds between two signs of life of a lock's holder, and after which one counts as dead. */
const heartbeat = 5_000;
const silence = 60_000;

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
  await mkdir(dirname(path), { recursive: true });
  const lock = `${path}.lock`;
  await takeLock(lock, () => {
    onProgress(`Waiting for another process, which is making ${path}`);
  });
  const beat = setInterval(() => {
    const now = new Date();
    utimes(lock, now, now).catch(() => undefined);
  }, heartbeat);
  try {
    if (existsSync(path)) return;
    const unfinished = `${path}.unfinished`;
    await rm(unfinished, { recursive: true, force: true });
    await make(unfinished);
    await rename(unfinished, path);
  } finally {
    clearInterval(beat);
    await rm(lock, { force: true });
  }
}

async function takeLock(lock: string, onWait: () => void): Promise<void> {
  const own = `${lock}.${randomUUID()}`;
  await writeFile(own, String(process.pid));
  let told = false;
  try {
    // A link, unlike a file that is opened and then written, is there with its content or not at all.
    while (!(await tryLink(own, lock))) {
      if (await isAbandoned(lock)) await dropLock(lock);
      else {
        if (!told) onWait();
        told = true;
        await sleep(250);
      }
    }
  } finally {
    await rm(own, { force: true });
  }
}

/** @returns whether the link was made; false when the name is taken */
async function tryLink(existing: string, path: string): Promise<boolean> {
  try {
    await link(existing, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function isAbandoned(lock: string): Promise<boolean> {
  try {
    const [holder, { mtimeMs }] = await Promise.all([readFile(lock, "utf8"), stat(lock)]);
    return Date.now() - mtimeMs > silence || !isAlive(Number(holder));
  } catch {
    // It was given back just now.
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Renames first: of two that saw the same dead holder, the second finds a new holder's lock. */
async function dropLock(lock: string): Promise<void> {
  const aside = `${lock}.${randomUUID()}`;
  try {
    await rename(lock, aside);
  } catch {
    return;
  }
  if (await isAbandoned(aside)) await rm(aside, { force: true });
  else await rename(aside, lock);
}
