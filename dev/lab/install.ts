import { existsSync } from "node:fs";
import { execa } from "execa";
import type { OnProgress } from "../toolchain/progress";

/** Debian packages that the lab needs on this machine, each with a program that shows that it is installed. */
export const LAB_PACKAGES: ReadonlyMap<string, string> = new Map([
  ["mmdebstrap", "/usr/bin/mmdebstrap"],
  ["debian-archive-keyring", "/usr/share/keyrings/debian-archive-keyring.gpg"],
  ["systemd-container", "/usr/bin/systemd-nspawn"],
  ["iproute2", "/usr/sbin/ip"],
  ["nftables", "/usr/sbin/nft"],
  ["openssh-client", "/usr/bin/ssh-keygen"],
  ["util-linux", "/usr/bin/nsenter"],
]);

/** Debian packages of a list (by default the lab's) that aren't installed yet. */
export function missingPackages(packages = LAB_PACKAGES): string[] {
  return [...packages].filter(([, program]) => !existsSync(program)).map(([name]) => name);
}

/**
 * Installs what `missingPackages()` returns, with apt-get, and nothing else.
 *
 * @param options.packages the list; default: the lab's
 * @throws with apt-get's last lines when it fails
 */
export async function installPackages(
  options: { packages?: ReadonlyMap<string, string>; onProgress?: OnProgress } = {},
): Promise<void> {
  const missing = missingPackages(options.packages);
  if (missing.length === 0) return;
  const aptGet = execa({
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "ignore",
    reject: false,
  });
  options.onProgress?.("reading apt's package lists");
  // A failure is ignored: old lists may be good enough, and the installation will show it.
  await aptGet("apt-get", ["update", "--quiet=2"]);
  options.onProgress?.(`installing ${missing.join(", ")}`);
  const install = ["install", "--yes", "--quiet=2", "--no-install-recommends"];
  const result = await aptGet("apt-get", [...install, ...missing]);
  if (result.failed) {
    throw new Error(
      `apt-get could not install ${missing.join(", ")}: ${result.stderr.trim().split("\n").slice(-3).join(" ")}\n` +
        `Install them yourself (apt-get install ${missing.join(" ")}), then try again.`,
    );
  }
}
