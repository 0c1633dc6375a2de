import { join } from "node:path";
import type { LabHost } from "../lab/host";
import { writeKnownHosts } from "../lab/knownHosts";

/**
 * Options with which OpenSSH logs in on a lab host, its keys pinned, whatever the user's own
 * configuration says.
 *
 * @param folder where a known_hosts file is written
 */
export async function sshOptions(host: LabHost, folder: string): Promise<string[]> {
  const knownHosts = await writeKnownHosts(host, join(folder, `known_hosts-${host.name}`));
  const options = {
    IdentityFile: host.identityFile,
    IdentitiesOnly: "yes",
    UserKnownHostsFile: knownHosts,
    StrictHostKeyChecking: "yes",
    BatchMode: "yes",
  };
  return [
    ...["-F", "none"],
    ...Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]),
  ];
}
