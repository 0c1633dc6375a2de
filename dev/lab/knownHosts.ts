import { writeFile } from "node:fs/promises";
import type { LabHost } from "./record";

/** Writes a known_hosts file with the host's two keys, for OpenSSH's client. @returns its path */
export async function writeKnownHosts(host: LabHost, file: string): Promise<string> {
  const keys = [host.hostKey, host.hostKeyRsa];
  await writeFile(file, keys.map((key) => `${host.address} ${key}\n`).join(""));
  return file;
}
