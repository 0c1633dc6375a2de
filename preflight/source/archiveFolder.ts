import { lstat, mkdir, readdir, rm, stat } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { SourceError } from "./SourceError";

/** Milliseconds after which an archive that no deployment asked for goes away: thirty days. */
const lifetime = 30 * 24 * 3600 * 1000;

/** Where archives lie unless somebody says otherwise: one folder a user, in the system's for such. */
export function defaultArchiveFolder(): string {
  return join(tmpdir(), `tracks-sources-${userInfo().uid}`);
}

/**
 * Makes the folder for archives, mode 0700, and clears it of old ones.
 *
 * @throws SourceError when the folder is another user's, or open to others: whoever can write there
 *   could exchange what is deployed
 */
export async function prepareArchiveFolder(folder: string, source: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const stats = await lstat(folder);
  // userInfo's -1 and a mode without meaning stand for Windows, where the profile is private.
  const { uid } = userInfo();
  if (!stats.isDirectory() || (uid !== -1 && (stats.uid !== uid || (stats.mode & 0o077) !== 0)))
    throw new SourceError(source, [
      `${folder}, where its archive would be kept, must be a folder of your own with mode 0700. Remove it: it is made anew.`,
    ]);
  await removeOld(folder);
}

async function removeOld(folder: string): Promise<void> {
  const oldest = Date.now() - lifetime;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    // Another process may clear the same folder.
    const stats = await stat(path).catch(() => undefined);
    if (stats?.isFile() === true && stats.mtimeMs < oldest) await rm(path, { force: true });
  }
}
