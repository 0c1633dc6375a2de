import { join } from "node:path";
import type { LabHost } from "../lab/host";
import { writeKnownHosts } from "../lab/knownHosts";

/**
 * Options with which OpenSSH logs in to a lab host, with its keys pinned and without the user's own
 * configuration.
 *
 * @param folder for a known_hosts file
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
