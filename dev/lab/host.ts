import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { ensureBase } from "./base";
import { hostFolder, labFolder } from "./folders";
import { exec, leaderOf } from "./guest";
import { missingPackages } from "./install";
import { hostKeyFile, makeKey, makePassword, readPublicKey } from "./keys";
import * as machine from "./machine";
import { claimSlot, handOver, releaseSlots } from "./network";
import { end, identify, isAlive, kill, type ProcessIdentity } from "./process";
import type { OnProgress } from "../toolchain/progress";
import { waitForSsh } from "./ready";
import { readRecord, runningHost, writeRecord, type LabHost, type Shape } from "./record";
import { writeMachineSeed, writeSeed } from "./seed";
import { labUnavailable } from "./unavailable";
import { withLock } from "../toolchain/lock";

export { exec, readFile, sshConnections, writeFile, type GuestResult } from "./guest";
export { list, runningHost, type HostState, type LabHost, type Shape } from "./record";
export { labUnavailable } from "./unavailable";

const lockOf = (name: string): string => join(labFolder(), "locks", name);

/**
 * Running host of that name; created when there is none, or only what an earlier boot of this
 * machine or a killed run left. A new one takes a second, and a minute more when the base must
 * be built first.
 *
 * @param options.shape - `el9` by default
 * @param options.signal - when aborted, what was created so far is removed
 * @throws when the lab can't run here, or the host doesn't boot; nothing of it stays then
 */
export async function up(
  name: string,
  options: { shape?: Shape; onProgress?: OnProgress; signal?: AbortSignal } = {},
): Promise<LabHost> {
  const { shape = "el9", onProgress, signal } = options;
  checkName(name);
  checkMachine(shape);
  const base = await ensureBase({ onProgress, signal });
  return withLock(lockOf(name), async () => {
    const present = await readRecord(name);
    if (present !== undefined && (await isAlive(present.supervisor))) return present;
    await takeDown(name);
    try {
      signal?.throwIfAborted();
      onProgress?.(`booting the host ${name}`);
      const host = await make(name, base, shape, signal);
      await writeRecord(host);
      return host;
    } catch (error) {
      await takeDown(name);
      throw error;
    }
  });
}

/** Removes the host, complete or not: processes, network, files. Does nothing when there is none. */
export async function down(name: string): Promise<void> {
  checkName(name);
  await withLock(lockOf(name), () => takeDown(name));
}

/**
 * Reboots the host as its own `reboot` does, and waits until it answers again.
 *
 * @throws when it isn't running or doesn't come back
 */
export async function reboot(name: string): Promise<void> {
  const host = await runningHost(name);
  if (host.shape === "el9-machine") return machine.rebootMachine(host);
  const before = await leaderOf(host);
  await exec(host, "systemctl reboot");
  const deadline = Date.now() + 60_000;
  for (let now = before; now === before || now === undefined; now = await leaderOf(host)) {
    if (Date.now() > deadline) throw new Error(`the lab host ${name} did not go down to reboot`);
    await sleep(30);
  }
  await waitForSsh(host);
}

/**
 * Cuts a virtual machine's power, and boots it again; see machine.ts.
 *
 * @throws when it isn't running, is not a virtual machine, or doesn't boot again
 */
export async function cutPower(name: string): Promise<void> {
  const host = await runningHost(name);
  if (host.shape !== "el9-machine")
    throw new Error(`the lab host ${name} is not a virtual machine`);
  await machine.cutPower(host);
}

async function make(
  name: string,
  base: string,
  shape: Shape,
  signal?: AbortSignal,
): Promise<LabHost> {
  const folder = hostFolder(name);
  await mkdir(join(labFolder(), "hosts"), { recursive: true, mode: 0o700 });
  for (const part of ["", "upper", "work", "root", "seed"]) {
    await mkdir(join(folder, part), { mode: part === "" ? 0o700 : 0o755 });
  }
  const identityFile = join(folder, "identity");
  const [slot] = await Promise.all([
    claimSlot(folder, shape === "el9" ? "pair" : "tap"),
    makeKey("ed25519", identityFile, `lab host ${name}`),
  ]);
  signal?.throwIfAborted();
  const publicKey = await readPublicKey(identityFile);
  const seed = join(folder, "seed");
  await writeSeed(seed, { name, address: slot.address, publicKey });
  if (shape === "el9-machine") await writeMachineSeed(seed, slot);
  const password = makePassword();
  await writeFile(join(folder, "passwords"), `operator:${password}\n`, { mode: 0o600 });
  const [hostKey, hostKeyRsa] = await Promise.all([
    readPublicKey(hostKeyFile(join(seed, "etc/ssh"), "ed25519")),
    readPublicKey(hostKeyFile(join(seed, "etc/ssh"), "rsa")),
  ]);
  const supervisor = await startSupervisor(folder, base, { name, shape, slot });
  const host: LabHost = {
    name,
    shape,
    address: slot.address,
    port: 22,
    hostKey,
    hostKeyRsa,
    identityFile,
    publicKey,
    users: {
      root: { name: "root" },
      passwordless: { name: "admin" },
      sudoer: { name: "operator", password },
    },
    secrets: { deployerPassword: makePassword() },
    pid: supervisor.pid,
    netns: slot.netns,
    supervisor,
    slot,
  };
  const patienceMs = shape === "el9" ? undefined : machine.MACHINE_PATIENCE_MS;
  await waitForSsh(host, { patienceMs, signal });
  return host;
}

/** Writes its identity to a file at once, so that a killed `up` leaves nothing that `down` can't find. */
async function startSupervisor(
  folder: string,
  base: string,
  { name, shape, slot }: Pick<LabHost, "name" | "shape" | "slot">,
): Promise<ProcessIdentity> {
  const command =
    shape === "el9"
      ? [join(__dirname, "supervise.sh"), folder, base, slot.netns, name]
      : [join(__dirname, "machine.sh"), folder, base, slot.outer, slot.hardwareAddress];
  const child = execa(
    "unshare",
    [
      ...["--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"],
      ...["bash", ...command],
    ],
    // The host runs longer than this process and its terminal; its end is not an error here.
    { detached: true, cleanup: false, stdio: "ignore", reject: false },
  );
  child.unref();
  if (child.pid === undefined) throw new Error("unshare did not start");
  const supervisor = await identify(child.pid);
  // By rename: a command that is killed here leaves a complete file or none.
  const unfinished = join(folder, "supervisor.new");
  await writeFile(unfinished, JSON.stringify(supervisor));
  await rename(unfinished, join(folder, "supervisor.json"));
  await handOver(slot, folder, supervisor);
  return supervisor;
}

async function takeDown(name: string): Promise<void> {
  const folder = hostFolder(name);
  const text = await readFile(join(folder, "supervisor.json"), "utf8").catch(() => undefined);
  if (text !== undefined) {
    const supervisor = JSON.parse(text) as ProcessIdentity;
    if (await isAlive(supervisor)) {
      // Between two boots there is no process 1 to kill; this file ends the supervisor's loop.
      await writeFile(join(folder, "stop"), "");
      await endHost(supervisor);
    }
  }
  await releaseSlots(folder);
  await rm(folder, { recursive: true, force: true });
}

/** Kills the host's process 1, whereupon the kernel kills everything inside; its data is not kept. */
async function endHost(supervisor: ProcessIdentity): Promise<void> {
  const deadline = Date.now() + 5000;
  while ((await isAlive(supervisor)) && Date.now() < deadline) {
    const leader = await leaderOf({ supervisor });
    if (leader !== undefined) kill(leader);
    await sleep(20);
  }
  await end(supervisor);
}

/** @throws when hosts of that shape can't run on this machine */
function checkMachine(shape: Shape): void {
  const isMachine = shape === "el9-machine";
  const unavailable = labUnavailable() ?? (isMachine ? machine.machineUnavailable() : undefined);
  if (unavailable !== undefined) throw new Error(unavailable);
  const missing = missingPackages();
  if (missing.length > 0) {
    throw new Error(`the lab needs ${missing.join(", ")}; install: npm run lab -- install`);
  }
  const more = isMachine ? missingPackages(machine.MACHINE_PACKAGES) : [];
  if (more.length > 0) {
    throw new Error(
      `a virtual machine of the lab needs ${more.join(", ")}; install: apt-get install ${more.join(" ")}`,
    );
  }
}

function checkName(name: string): void {
  if (/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/.test(name)) return;
  throw new Error(
    `"${name}" can't name a lab host: give 1 to 32 characters of a-z, 0-9 and -, without a - at either end`,
  );
}
