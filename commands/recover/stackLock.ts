import { access, readdir, readFile } from "node:fs/promises";
import { homedir, hostname } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { problemError } from "../../host/ProblemError";

/**
 * Content of a lock of the file backend: the process that holds the stack.
 *
 * Read from its files, since the Automation API breaks a lock (`cancel`) but can't say whose it is,
 * nor can the CLI before it has begun an update.
 */
export interface LockHolder {
  pid: number;
  hostname: string;
  username: string;
  /** When it took the lock, by RFC 3339. */
  timestamp: string;
}

/**
 * Where the file backend keeps a stack's locks: one folder for each layout that a backend may have,
 * by project, or the older one without projects. Undefined where locks can't be seen: in another
 * backend, or where the URL leads to no backend on this machine.
 *
 * @param backendUrl as `pulumi whoami` gives it, such as `file://~/state?no_tmp_dir=true`
 */
export async function lockDirectories(
  backendUrl: string,
  project: string,
  stack: string,
): Promise<string[] | undefined> {
  if (!backendUrl.startsWith("file://")) return undefined;
  const [path = ""] = backendUrl.slice("file://".length).split(/[?#]/);
  const bookkeeping = join(resolve(decoded(path).replace(/^~/, homedir())), ".pulumi");
  if (!(await exists(bookkeeping))) return undefined;
  const locks = join(bookkeeping, "locks");
  return [join(locks, "organization", project, stack), join(locks, stack)];
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // A percent sign that begins no code is a name's own.
    return path;
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * Proves that nobody works on the stack any more.
 *
 * @returns the dead holders, for the report
 * @throws {@link ProblemError} when a holder still runs, or is on another machine
 */
export async function proveHoldersDead(directories: readonly string[]): Promise<LockHolder[]> {
  const holders = (await Promise.all(directories.map(readHolders))).flat();
  for (const holder of holders) {
    const who = `process ${holder.pid} of ${holder.username} on ${holder.hostname}, since ${holder.timestamp}`;
    if (holder.hostname !== hostname()) {
      throw problemError({
        subject: "The stack is locked",
        found: who,
        fix: ["run this command on that machine"],
        reason: "Only there it can see whether that process still runs.",
      });
    }
    if (isAlive(holder.pid) && !(await isReused(holder))) {
      throw problemError({
        subject: "The stack is locked",
        found: `${who}, still running`,
        fix: ["wait until it ends", "or end it with Ctrl-C in its terminal"],
      });
    }
  }
  return holders;
}

async function readHolders(directory: string): Promise<LockHolder[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    // No folder, no lock; a folder that can't be read says nothing about its locks.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  });
  return Promise.all(
    names
      .filter((name) => name.endsWith(".json"))
      .map(async (name) => JSON.parse(await readFile(join(directory, name), "utf8")) as LockHolder),
  );
}

/** Milliseconds by which a clock that was set meanwhile may make a process look younger than it is. */
const clockTolerance = 60_000;

/**
 * Whether the holder's id was given to another process since: one that began after the lock was
 * taken. Where its start is unknown, it counts as the holder itself.
 */
async function isReused(holder: LockHolder): Promise<boolean> {
  const started = await startOf(holder.pid);
  return started !== undefined && started > Date.parse(holder.timestamp) + clockTolerance;
}

/** Milliseconds since 1970 at which a process began; undefined when that can't be found out. */
async function startOf(pid: number): Promise<number | undefined> {
  const answer = await execa("ps", ["-o", "lstart=", "-p", String(pid)], {
    env: { TZ: "UTC0", LC_ALL: "C" },
  }).catch(() => undefined);
  const milliseconds = Date.parse(`${answer?.stdout.trim()} UTC`);
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
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
