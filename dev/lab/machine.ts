import { setTimeout as sleep } from "node:timers/promises";
import { exec, leaderOf } from "./guest";
import { kill } from "./process";
import { waitForSsh } from "./ready";
import type { LabHost } from "./record";

/** Debian packages that a virtual machine needs on this machine in addition to the lab's. */
export const MACHINE_PACKAGES: ReadonlyMap<string, string> = new Map([
  ["qemu-system-x86", "/usr/bin/qemu-system-x86_64"],
  ["e2fsprogs", "/usr/sbin/mke2fs"],
]);

/** Reason why no virtual machine can run here, although the lab's other hosts can; undefined when it can. */
export function machineUnavailable(): string | undefined {
  if (process.arch === "x64") return undefined;
  return `a virtual machine of the lab needs an x86-64 (this is ${process.arch})`;
}

/** Time limit for the boot of a machine with an emulated processor, on cores that are shared. */
export const MACHINE_PATIENCE_MS = 300_000;

/** The kernel's id of the machine's present boot; undefined while it does not answer. */
async function bootOf(host: LabHost): Promise<string | undefined> {
  const command = "cat /proc/sys/kernel/random/boot_id";
  const answer = await exec(host, command).catch(() => undefined);
  return answer?.exitCode === 0 ? answer.stdout.trim() : undefined;
}

/** Reboots a virtual machine as its own `reboot` does, and waits until it answers again. */
export async function rebootMachine(host: LabHost): Promise<void> {
  const before = await bootOf(host);
  await exec(host, "systemctl --no-block reboot");
  await waitForBoot(host, async () => {
    const now = await bootOf(host);
    return now !== undefined && now !== before;
  });
}

/**
 * Cuts the power, whatever the machine is doing, and boots it again: what it had not written to its disk
 * is lost. Ends when it answers again.
 */
export async function cutPower(host: LabHost): Promise<void> {
  const before = await leaderOf(host);
  if (before === undefined) throw new Error(`the lab host ${host.name} isn't running`);
  kill(before);
  await waitForBoot(host, async () => {
    const now = await leaderOf(host);
    return now !== undefined && now !== before;
  });
}

async function waitForBoot(host: LabHost, rebooted: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + MACHINE_PATIENCE_MS;
  while (!(await rebooted())) {
    if (Date.now() > deadline) throw new Error(`the lab host ${host.name} did not boot again`);
    await sleep(500);
  }
  await waitForSsh(host, { patienceMs: MACHINE_PATIENCE_MS });
}
