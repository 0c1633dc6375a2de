import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { isMap, type Property } from "./property";

/**
 * Fails on every address that is not a lab host's: nobody vouches for a stand-in as for the real
 * provider, so it must never change a machine that somebody needs.
 *
 * A lab host has a host.json in the lab's folder: $TRACKS_LAB_DIR, else the nearest `.lab` from the working
 * directory upwards.
 *
 * @param provider name of the provider that it stands in for, for the message
 */
export function requireLabHost(address: string, provider: string): void {
  if (isLabHost(address)) return;
  const folder = labFolder();
  const known = folder === undefined ? [] : labAddresses(folder);
  const labs =
    folder === undefined
      ? "TRACKS_LAB_DIR is not set and no folder .lab was found"
      : `${join(folder, "hosts")} has ${known.length === 0 ? "no host" : known.join(", ")}`;
  throw new Error(
    `the stand-in of the ${provider} provider connects to lab hosts only, and ${address} is not one of them (${labs}). ` +
      "For any other host install Pulumi from https://www.pulumi.com/docs/install/ and run it with its real plugins.",
  );
}

/** Whether the address belongs to a lab host. */
export function isLabHost(address: string): boolean {
  const folder = labFolder();
  return folder !== undefined && labAddresses(folder).includes(address);
}

function labFolder(): string | undefined {
  const given = process.env["TRACKS_LAB_DIR"];
  if (given !== undefined && given !== "") return resolve(given);
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    const candidate = join(folder, ".lab");
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

function labAddresses(folder: string): string[] {
  const hosts = join(folder, "hosts");
  if (!existsSync(hosts)) return [];
  return readdirSync(hosts).flatMap((name) => {
    try {
      const host = JSON.parse(readFileSync(join(hosts, name, "host.json"), "utf8")) as Property;
      return isMap(host) && typeof host["address"] === "string" ? [host["address"]] : [];
    } catch {
      // A host that is being created or removed at this moment doesn't count.
      return [];
    }
  });
}
