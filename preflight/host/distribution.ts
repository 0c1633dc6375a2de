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
 * Checks that the host is an Enterprise Linux that the host script knows.
 *
 * @param release first line of /etc/redhat-release, which every Enterprise Linux has
 * @param osRelease PRETTY_NAME of /etc/os-release, to name a host that is something else
 * @returns the release as the host words it
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
  throw new HostError(
    "distribution",
    `The host runs ${release ?? osRelease ?? "an unknown system"}. Supported are ${families.join(", ")} ${versions.oldest} to ${versions.newest}: point Host.connection.address to one of them.`,
  );
}
