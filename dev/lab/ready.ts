import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hostFolder } from "./folders";
import { isAlive, type ProcessIdentity } from "./process";

/** Time limit of a boot, which takes half a second without load. */
const PATIENCE_MS = 60_000;

/**
 * Waits until the host's sshd answers. It is the last service to start: by then users can log in,
 * and the host's firewall, if any, is in force.
 *
 * @throws when the host ends before, or after `patienceMs` (default: a minute), with the end of its console
 */
export async function waitForSsh(
  host: { name: string; address: string; port: number; supervisor: ProcessIdentity },
  options: { patienceMs?: number; signal?: AbortSignal } = {},
): Promise<void> {
  const { patienceMs = PATIENCE_MS, signal } = options;
  const deadline = Date.now() + patienceMs;
  while (!(await answers(host.address, host.port))) {
    signal?.throwIfAborted();
    const alive = await isAlive(host.supervisor);
    if (!alive || Date.now() > deadline) {
      const console = join(hostFolder(host.name), "console.log");
      const words = (await readFile(console, "utf8").catch(() => "")).trim().split("\n").slice(-15);
      throw new Error(
        `the lab host ${host.name} ${alive ? "does not answer on ssh" : "ended while booting"}; ` +
          `its console (${console}) ends with:\n${words.join("\n")}`,
      );
    }
    await sleep(30);
  }
}

async function answers(address: string, port: number): Promise<boolean> {
  const socket = createConnection({ host: address, port });
  try {
    socket.setTimeout(1000, () => socket.destroy(new Error("no banner")));
    const [banner] = (await once(socket, "data")) as [Buffer];
    return banner.toString("latin1").startsWith("SSH-2.0-");
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
