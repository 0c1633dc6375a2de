import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { LocalFile } from "../../host/Host";
import { defaultArchiveFolder, prepareArchiveFolder } from "./archiveFolder";
import { listSource, sourceRoot } from "./listing";
import { errorOf } from "../../host/problem";
import { sourceError } from "./sourceError";
import { tarEnd, type TarEntry, tarHeader, tarPadding } from "./tarEntry";
import { examineTree } from "./treeEntry";

/** Bytes of a file to read into memory at once. */
const readAtOnce = 1024 * 1024;

/**
 * Packs a source tree on this machine into an archive for the host.
 *
 * It leaves out `.git` and the files that git ignores, outside a checkout by .gitignore alone. The archive
 * has names, contents, links, whether a file is executable, and whether only its owner may read it; it has
 * no times, owners and other modes. It is uncompressed, so that its digest depends on no compressor's
 * version and the host can check it with sha256sum. The memory that this takes doesn't grow with the
 * files' sizes.
 *
 * @param folder the application's source, the folder that has manage.py
 * @param archives folder for the archive, which only this user may read; created with mode 0700
 * @returns the archive, mode 0600, named by its digest, whose first twelve digits name the release; the same
 *   tree has the same digest on every machine, at any time, from a checkout or from a copy of one
 * @throws {@link ProblemError} with everything that can't be packed: links out of the tree, sockets,
 *   submodules that aren't checked out
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

/** Exactly the number of bytes in the header. */
async function* contentOf(root: string, path: string, size: number): AsyncGenerator<Buffer> {
  let missing = size;
  let file: FileHandle | undefined;
  try {
    if (size <= readAtOnce) {
      // Read synchronously: with many small files, waiting takes most of the time.
      const content = readFileSync(join(root, path)).subarray(0, size);
      missing -= content.length;
      yield content;
    } else file = await open(join(root, path), "r");
  } catch (error) {
    throw sourceError(root, [
      errorOf({ subject: path, found: "no readable file", reason: (error as Error).message }),
    ]);
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
    throw sourceError(root, [
      errorOf({
        subject: path,
        found: "a file that became shorter while this program packed it",
        fix: ["run this again"],
      }),
    ]);
}
