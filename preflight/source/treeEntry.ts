import type { Stats } from "node:fs";
import { lstatSync, readFileSync } from "node:fs";
import { readlink } from "node:fs/promises";
import { join, posix } from "node:path";
import { shownPath } from "./finding";
import { firstBytes } from "./firstBytes";
import { looksSecret } from "./secretFile";
import { SourceError } from "./SourceError";
import { staysWithin } from "./symlink";
import type { TarEntry } from "./tarEntry";

/**
 * What stands at each path, and the folders on the way to it, each before what it holds.
 *
 * @param paths sorted, as listSource() gives them
 * @throws SourceError with every path that an archive can't hold or that would mean something else
 *   on the host
 */
export async function examineTree(folder: string, paths: readonly string[]): Promise<TarEntry[]> {
  const entries: TarEntry[] = [];
  const folders = new Set<string>();
  const faults: string[] = [];
  const usual = readable(statsOf(join(folder, "manage.py")));
  // A umask that closes everything closes manage.py too; what is closed beyond that is meant so.
  const isClosed = (stats: Stats | undefined): boolean => (readable(stats) & usual) !== usual;
  for (const path of paths) {
    // What isn't UTF-8 was replaced when the name was read, and no file is found by it.
    if (path.includes("\uFFFD"))
      faults.push(`the name of ${shownPath(path)} isn't UTF-8. Rename it.`);
    const stats = statsOf(join(folder, path));
    // Tracked by git, and deleted.
    if (stats === undefined) continue;
    const fault = await faultOf(folder, path, stats);
    if (fault !== undefined) faults.push(fault);
    for (const parent of parentsOf(path)) {
      if (folders.has(parent)) continue;
      const closed = isClosed(statsOf(join(folder, parent)));
      entries.push({ type: "Directory", path: parent, private: closed });
      folders.add(parent);
    }
    entries.push({
      ...(await entryOf(folder, path, stats)),
      private: isClosed(stats) || isSecret(folder, path, stats),
    });
  }
  faults.push(...emptySubmodules(folder, entries));
  if (entries.length === 0) faults.push("it holds no file, or none that git doesn't ignore.");
  if (faults.length > 0) throw new SourceError(folder, faults);
  return entries;
}

/** Those of a copy or a download without .git, where the folder is all that there is. */
function emptySubmodules(root: string, entries: readonly TarEntry[]): string[] {
  const filled = new Set(entries.map(({ path }) => posix.dirname(path)));
  const empty = new Set(
    entries
      .filter(({ type, path }) => type === "Directory" && !filled.has(path))
      .map(({ path }) => path),
  );
  return entries
    .filter(({ type, path }) => type === "File" && posix.basename(path) === ".gitmodules")
    .flatMap(({ path }) =>
      [...readFileSync(join(root, path), "utf8").matchAll(/^\s*path\s*=\s*(.*?)\s*$/gm)].map(
        ([, named = ""]) => posix.join(posix.dirname(path), named),
      ),
    )
    .filter((path) => empty.has(path))
    .map(
      (path) =>
        `the submodule ${shownPath(path)} is empty here. Copy its files, or deploy a checkout that has them (git clone --recurse-submodules).`,
    );
}

/** The bits that let the group and all others read. */
function readable(stats: Stats | undefined): number {
  return (stats?.mode ?? 0) & 0o044;
}

function isSecret(folder: string, path: string, stats: Stats): boolean {
  return stats.isFile() && looksSecret(path, () => firstBytes(join(folder, path)));
}

/** `a`, `a/b` for `a/b/c`. */
function parentsOf(path: string): string[] {
  const names = path.split("/").slice(0, -1);
  return names.map((_, index) => names.slice(0, index + 1).join("/"));
}

/** Without waiting: for many files that would take most of the time. */
function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    // ENOTDIR: there is a file now where the folder was.
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

async function faultOf(folder: string, path: string, stats: Stats): Promise<string | undefined> {
  const tool = await placeholderOf(join(folder, path), stats);
  if (tool !== undefined)
    return `${shownPath(path)} only says where its content is, which visitors would get in its place. Fetch the content: ${tool}.`;
  if (stats.isSymbolicLink() && !(await staysWithin(folder, path)))
    return `${shownPath(path)} is a link to ${await readlink(join(folder, path))}, which leads out of the source or in a circle. Make it a link within the source, or ignore it in .gitignore.`;
  if (stats.isFile() || stats.isDirectory() || stats.isSymbolicLink()) return undefined;
  return `${shownPath(path)} is neither a file nor a folder nor a link (a socket, a pipe or a device). Remove it.`;
}

/** What fetches the content of a file that stands for another; undefined for a file as it should be. */
async function placeholderOf(path: string, stats: Stats): Promise<string | undefined> {
  const annexed = "git annex get";
  if (stats.isSymbolicLink())
    return (await readlink(path)).includes(".git/annex/objects/") ? annexed : undefined;
  // git-lfs itself takes no larger one for its own.
  if (!stats.isFile() || stats.size === 0 || stats.size > 1024) return undefined;
  const text = firstBytes(path)?.toString("latin1") ?? "";
  if (text.startsWith("version https://git-lfs.github.com/spec/v1\n")) return "git lfs pull";
  return text.startsWith("/annex/objects/") ? annexed : undefined;
}

async function entryOf(folder: string, path: string, stats: Stats): Promise<TarEntry> {
  if (stats.isSymbolicLink())
    return { type: "SymbolicLink", path, linkpath: await readlink(join(folder, path)) };
  if (stats.isDirectory()) return { type: "Directory", path };
  return { type: "File", path, size: stats.size, executable: (stats.mode & 0o100) !== 0 };
}
