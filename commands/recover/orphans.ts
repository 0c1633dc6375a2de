import { readdir, readFile } from "node:fs/promises";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive } from "./stackLock";

/** A plugin or program whose engine is gone. */
export interface Orphan {
  pid: number;
  /** What it is, such as `pulumi-resource-command`. */
  title: string;
}

/** Programs that the engine starts: plugins, language hosts, and the program that a language host runs. */
const startedByEngine = /pulumi-(?:resource|language|analyzer)-[a-z-]+|@pulumi\/pulumi\/cmd\/run/;

/**
 * Processes of a Pulumi engine that no longer answers.
 *
 * The engine hands its address to everything that it starts; where nobody listens at that address
 * any more, the process is an orphan, and nothing but the engine could have used it.
 */
export async function findOrphans(): Promise<Orphan[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map(orphan));
  return found.filter((process) => process !== undefined);
}

/**
 * Ends orphans by their ids: with SIGTERM, then with SIGKILL.
 *
 * @param graceMs milliseconds between the two
 * @throws Error naming the ids that are still there
 */
export async function endOrphans(orphans: readonly Orphan[], graceMs = 5000): Promise<void> {
  signal(orphans, "SIGTERM");
  const deadline = Date.now() + graceMs;
  while (Date.now() < deadline && living(orphans).length > 0) await sleep(50);
  signal(living(orphans), "SIGKILL");
  await sleep(living(orphans).length > 0 ? 500 : 0);
  const left = living(orphans);
  if (left.length > 0) {
    throw new Error(`these processes did not end: ${left.map(({ pid }) => pid).join(", ")}`);
  }
}

async function orphan(pid: number): Promise<Orphan | undefined> {
  const args = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
  const title = startedByEngine.exec(args.join(" "))?.[0];
  const port = args.map((arg) => /(?:^|=)127\.0\.0\.1:(\d+)$/.exec(arg)?.[1]).find(Boolean);
  if (title === undefined || port === undefined) return undefined;
  return (await answers(Number(port))) ? undefined : { pid, title };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, timeout: 2000 });
    const end = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", end(true));
    // A full queue is an answer too: somebody listens there.
    socket.once("timeout", end(true));
    socket.once("error", end(false));
  });
}

function living(orphans: readonly Orphan[]): Orphan[] {
  return orphans.filter(({ pid }) => isAlive(pid));
}

function signal(orphans: readonly Orphan[], name: NodeJS.Signals): void {
  for (const { pid } of orphans) {
    try {
      process.kill(pid, name);
    } catch {
      // It ended by itself in the meantime.
    }
  }
}
