import { HostError } from "../../host/ssh/error";

const families = [
  "CentOS",
  "Red Hat Enterprise Linux",
  "Rocky Linux",
  "AlmaLinux",
  "Oracle Linux",
  "Scientific Linux",
];
const versions = { oldest: 6, newest: 10 };

/**
 * Checks that the host runs an Enterprise Linux that the host script supports.
 *
 * @param release first line of /etc/redhat-release, which every Enterprise Linux has
 * @param osRelease PRETTY_NAME of /etc/os-release, to name any other system
 * @returns the release, as that line names it
 */
export function checkDistribution(
  release: string | undefined,
  osRelease: string | undefined,
): string {
  const version = Number(/release (\d+)/.exec(release ?? "")?.[1]);
  const supported =
    release !== undefined &&
    families.some((family) => release.startsWith(family)) &&
    version >= versions.oldest &&
    version <= versions.newest;
  if (supported) return release;
  throw new HostError("distribution", {
    subject: "The host's system is not supported",
    found: release ?? osRelease ?? "an unknown system",
    allowed: `${families.join(", ")} ${versions.oldest} to ${versions.newest}`,
    fix: ["set Connection.address to such a host"],
  });
}
