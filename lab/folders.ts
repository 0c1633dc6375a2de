import { join, resolve } from "node:path";

export { cacheFolder } from "../tools/cacheFolder";

/** What belongs to this checkout's hosts; ignored by git. `TRACKS_LAB_DIR` moves it. */
export function labFolder(): string {
  return resolve(process.env["TRACKS_LAB_DIR"] ?? join(__dirname, "..", ".lab"));
}

/** Everything of one host: its record, keys, overlay and console. */
export function hostFolder(name: string): string {
  return join(labFolder(), "hosts", name);
}
