import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa, execaSync } from "execa";
import type { PrivateRoot } from "./privateRoot";

/** A lock that another run has. */
export interface HeldLock {
  /** Kills the holder of the lock. */
  release: () => void;
  /** The exit code of who had it, once that has ended; undefined when a signal ended it. */
  ended: Promise<number | undefined>;
}

/** How another run holds a lock. */
export interface Holding {
  /** Seconds after which it gives the lock up. @default 60 */
  seconds?: number;
  /** Whether its child holds on to the lock, as yum does. @default false */
  inherited?: boolean;
  /** Whether others may have it like this, too. @default false */
  shared?: boolean;
}

/** Takes a subsystem's lock, as another program's run would; it is held when this is done. */
export async function holdLock(
  host: PrivateRoot,
  subsystem: string,
  { seconds = 60, inherited = false, shared = false }: Holding = {},
): Promise<HeldLock> {
  const lock = host.at(`/run/tracks/lock.${subsystem}`);
  mkdirSync(dirname(lock), { recursive: true, mode: 0o700 });
  const options = [...(inherited ? [] : ["-o"]), ...(shared ? ["-s"] : [])];
  const holder = execa("flock", [...options, lock, "sleep", String(seconds)], {
    stdio: "ignore",
    reject: false,
  });
  while (execaSync("flock", ["-n", lock, "true"], { reject: false }).exitCode !== 1) {
    if (holder.exitCode !== null) throw new Error(`flock did not take ${lock}`);
    await sleep(10);
  }
  const ended = holder.then(({ exitCode }) => exitCode);
  return { release: () => holder.kill("SIGKILL"), ended };
}
