import { homedir } from "node:os";
import { join, resolve } from "node:path";

/**
 * Folder for everything that is built or downloaded once for all checkouts: `TRACKS_CACHE`,
 * else `tracks` in XDG_CACHE_HOME, else ~/.cache/tracks. It can be deleted at any time.
 */
export function cacheFolder(): string {
  const { TRACKS_CACHE, XDG_CACHE_HOME } = process.env;
  if (TRACKS_CACHE !== undefined && TRACKS_CACHE !== "") return resolve(TRACKS_CACHE);
  const parent =
    XDG_CACHE_HOME !== undefined && XDG_CACHE_HOME !== ""
      ? XDG_CACHE_HOME
      : join(homedir(), ".cache");
  return resolve(parent, "tracks");
}
