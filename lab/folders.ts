import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** Where bases lie: built once a machine and user, shared by every checkout. */
export function cacheFolder(): string {
  const { TRACKS_CACHE, XDG_CACHE_HOME } = process.env;
  return resolve(TRACKS_CACHE ?? join(XDG_CACHE_HOME ?? join(homedir(), ".cache"), "tracks"));
}

/** What belongs to this checkout's hosts; ignored by git. `TRACKS_LAB_DIR` moves it. */
export function labFolder(): string {
  return resolve(process.env["TRACKS_LAB_DIR"] ?? join(__dirname, "..", ".lab"));
}

/** Everything of one host: its record, keys, overlay and console. */
export function hostFolder(name: string): string {
  return join(labFolder(), "hosts", name);
}
