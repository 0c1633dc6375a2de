import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { LocalFile } from "../../host/Host";
import { defaultArchiveFolder, prepareArchiveFolder } from "./archiveFolder";
import { listSource, sourceRoot } from "./listing";
import { SourceError } from "./SourceError";
import { tarEnd, type TarEntry, tarHeader, tarPadding } from "./tarEntry";
import { examineTree } from "./treeEntry";

/** Bytes of a file in memory: enough that the number of reads doesn't matter. */
const readAtOnce = 1024 * 1024;

/**
 * Packs a source tree on this machine for its way to the host.
 *
 * What git ignores stays here, as does `.git`; outside of any checkout a .gitignore counts all the
 * same. Names, contents, links count, whether a file is executable, and whether it is its owner's
 * alone; times, owners and other modes don't. The archive is uncompressed, so that its
 * digest depends on no compressor's version and the host checks it with sha256sum. Memory doesn't grow with
 * the files' sizes.
 *
 * @param folder the application's source, the folder that holds manage.py
 * @param archives where the archive is kept: a folder of this user's own, made with mode 0700
 * @returns the archive, mode 0600, named by its digest, whose first twelve digits name the release; the same
 *   tree has the same digest on every machine, at any time, from a checkout or from a copy of one
 * @throws SourceError with all that can't be packed: links out of the tree, sockets, submodules that
 *   aren't checked out
 */
export async function packSource(
  folder: string,
  archives: string = defaultArchiveFolder(),
): Promise<LocalFile> {
  const root = await sourceRoot(folder);
  const entries = await examineTree(root, await listSource(root));
  await prepareArchiveFolder(archives, folder);
  const unfinished = join(archives, `${randomUUID()}.unfinished`);
  try {
    const archive = await writeArchive(unfinished, root, entries);
    const path = join(archives, `${archive.sha256}.tar`);
    await rename(unfinished, path);
    return { ...archive, path };
  } finally {
    await rm(unfinished, { force: true });
  }
}

async function writeArchive(
  path: string,
  root: string,
  entries: readonly TarEntry[],
): Promise<Omit<LocalFile, "path">> {
  const hash = createHash("sha256");
  let size = 0;
  const archive = await open(path, "wx", 0o600);
  const write = async (chunks: readonly Buffer[]): Promise<void> => {
    const content = Buffer.concat(chunks);
    hash.update(content);
    size += content.length;
    await archive.writeFile(content);
  };
  try {
    let waiting: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of archiveOf(root, entries)) {
      waiting.push(chunk);
      bytes += chunk.length;
      if (bytes < readAtOnce) continue;
      await write(waiting);
      waiting = [];
      bytes = 0;
    }
    await write(waiting);
  } finally {
    await archive.close();
  }
  return { sha256: hash.digest("hex"), bytes: size };
}

async function* archiveOf(root: string, entries: readonly TarEntry[]): AsyncGenerator<Buffer> {
  for (const entry of entries) {
    yield tarHeader(entry);
    if (entry.type !== "File") continue;
    const size = entry.size ?? 0;
    if (size > 0) yield* contentOf(root, entry.path, size);
    yield tarPadding(size);
  }
  yield tarEnd;
}

/** Exactly as many bytes as the header has promised. */
async function* contentOf(root: string, path: string, size: number): AsyncGenerator<Buffer> {
  let missing = size;
  let file: FileHandle | undefined;
  try {
    if (size <= readAtOnce) {
      // Of many small files, what is waited for in between takes most of the time.
      const content = readFileSync(join(root, path)).subarray(0, size);
      missing -= content.length;
      yield content;
    } else file = await open(join(root, path), "r");
  } catch (error) {
    throw new SourceError(root, [`${path} can't be read: ${(error as Error).message}`]);
  }
  // The stream closes the file.
  for await (const chunk of file?.createReadStream({
    end: size - 1,
    highWaterMark: readAtOnce,
  }) ?? []) {
    missing -= (chunk as Buffer).length;
    yield chunk as Buffer;
  }
  if (missing > 0)
    throw new SourceError(root, [`${path} became shorter while it was packed. Try again.`]);
}
