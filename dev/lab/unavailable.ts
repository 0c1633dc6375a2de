import { existsSync, readFileSync } from "node:fs";

/**
 * Reason why no lab host can run here, in one line for a person; undefined when it can.
 *
 * Missing Debian packages don't count: see `missingPackages()` in install.ts.
 */
export function labUnavailable(): string | undefined {
  if (process.platform !== "linux") {
    return `a lab host needs Linux (this is ${process.platform}); use a host of your own instead`;
  }
  if (process.getuid?.() !== 0) {
    return "a lab host needs root (namespaces, overlay mounts); run as root, or use a host of your own";
  }
  for (const kind of ["net", "mnt", "pid", "uts", "ipc"]) {
    if (!existsSync(`/proc/self/ns/${kind}`)) {
      return `a lab host needs ${kind} namespaces, which this kernel lacks; use a host of your own`;
    }
  }
  if (!mayAdministrate()) {
    return "a lab host needs CAP_SYS_ADMIN and CAP_NET_ADMIN, which this container lacks; use a host of your own";
  }
  if (!existsSync("/usr/bin/apt-get")) {
    return "a lab host is built from Debian packages, and there is no apt-get here; use a host of your own";
  }
  return undefined;
}

/** Root in a container may lack the capabilities for mounts and networks. */
function mayAdministrate(): boolean {
  const CAP_NET_ADMIN = 1n << 12n;
  const CAP_SYS_ADMIN = 1n << 21n;
  const line = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"));
  const effective = BigInt(`0x${line?.[1] ?? "0"}`);
  const needed = CAP_NET_ADMIN | CAP_SYS_ADMIN;
  return (effective & needed) === needed;
}
