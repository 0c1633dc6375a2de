import { lstat, mkdir, readdir, rm, stat } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { folderError } from "./sourceError";

/** Milliseconds after which an archive that no deployment used is removed: thirty days. */
const lifetime = 30 * 24 * 3600 * 1000;

/** Default folder of archives: one per user, in the system's folder for temporary files. */
export function defaultArchiveFolder(): string {
  return join(tmpdir(), `tracks-sources-${userInfo().uid}`);
}

/**
 * Creates the folder for archives, mode 0700, and removes old archives from it.
 *
 * @throws {@link ProblemError} when the folder is another user's, or open to others, who could exchange an
 *   archive before it is deployed
 */
export async function prepareArchiveFolder(folder: string, source: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const stats = await lstat(folder);
  // userInfo's -1 and a mode without meaning stand for Windows, where the profile is private.
  const { uid } = userInfo();
  if (!stats.isDirectory() || (uid !== -1 && (stats.uid !== uid || (stats.mode & 0o077) !== 0)))
    throw folderError(source, {
      found: `${folder}, the folder for its archive, which is not yours alone`,
      allowed: "a folder of your own, mode 0700",
      fix: [`rm -r ${folder}   (the next run creates it again)`],
    });
  await removeOld(folder);
}

async function removeOld(folder: string): Promise<void> {
  const oldest = Date.now() - lifetime;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    // Another process may remove files from the same folder.
    const stats = await stat(path).catch(() => undefined);
    if (stats?.isFile() === true && stats.mtimeMs < oldest) await rm(path, { force: true });
  }
}
