import { readdir, rmdir } from "node:fs/promises";
import { join } from "node:path";

/** Mount points of systemd's hierarchy: unified, or one of the two of the hybrid layout. */
const HIERARCHIES = ["/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"];

/**
 * Removes the control groups that supervise.sh created for a host and that a killed supervisor left.
 * Does nothing when there are none; a group with a process in it stays.
 */
export async function removeControlGroups(name: string): Promise<void> {
  await Promise.all(HIERARCHIES.map((hierarchy) => removeGroup(join(hierarchy, name))));
}

/** Removes a group after those inside it; its files disappear with it. */
async function removeGroup(group: string): Promise<void> {
  const entries = await readdir(group, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.isDirectory()) await removeGroup(join(group, entry.name));
  }
  await rmdir(group).catch(() => undefined);
}
