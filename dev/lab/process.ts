import { readFile, readdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** Identifies a process: its number alone may have been given to another one. */
export interface ProcessIdentity {
  pid: number;
  /** Clock ticks from boot to its start, from /proc. */
  startTime: string;
  /** The kernel's id of this boot. */
  bootId: string;
}

/** @returns parent and start time; undefined when there is no such process */
async function stat(pid: number): Promise<{ parent: number; startTime: string } | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, "utf8");
    // The command is in parentheses and may have any characters; fields are counted after it.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const [state, parent] = fields;
    const startTime = fields[19];
    if (state === "Z" || startTime === undefined) return undefined;
    return { parent: Number(parent), startTime };
  } catch {
    return undefined;
  }
}

/** The kernel's id of this boot, to recognise what an earlier boot left. */
export async function currentBoot(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
}

/** @throws when the process has ended already */
export async function identify(pid: number): Promise<ProcessIdentity> {
  const found = await stat(pid);
  if (found === undefined) throw new Error(`process ${pid} ended at once`);
  return { pid, startTime: found.startTime, bootId: await currentBoot() };
}

/** Whether that process still runs. */
export async function isAlive(process: ProcessIdentity): Promise<boolean> {
  if (process.bootId !== (await currentBoot())) return false;
  return (await stat(process.pid))?.startTime === process.startTime;
}

/** The name of the program that a process runs; undefined when it has ended. */
export async function nameOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => undefined);
  return text?.trimEnd();
}

/** The processes whose parent is `pid`. */
export async function childrenOf(pid: number): Promise<number[]> {
  const numbers = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = await Promise.all(numbers.map(async (n) => (await stat(n))?.parent));
  return numbers.filter((_, index) => parents[index] === pid);
}

/** Waits until `process` has ended; kills it after the grace time. */
export async function end(process: ProcessIdentity, graceMs = 0): Promise<void> {
  const deadline = Date.now() + graceMs;
  while (await isAlive(process)) {
    if (Date.now() >= deadline) kill(process.pid);
    await sleep(10);
  }
}

/** Sends SIGKILL; does nothing when the process has ended already. */
export function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
