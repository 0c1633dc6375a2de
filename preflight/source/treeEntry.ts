import type { Stats } from "node:fs";
import { lstatSync, readFileSync } from "node:fs";
import { readlink } from "node:fs/promises";
import { join, posix } from "node:path";
import { errorOf, type Problem, type ProblemParts } from "../../host/problem";
import { firstBytes } from "./firstBytes";
import { looksSecret } from "./secretFile";
import { shownPath } from "./shownPath";
import { sourceError } from "./sourceError";
import { staysWithin } from "./symlink";
import type { TarEntry } from "./tarEntry";

/**
 * The entries of an archive: each path and the folders above it, a folder before its contents.
 *
 * @param paths sorted, as listSource() returns them
 * @throws {@link ProblemError} with every path that an archive can't have, or that would be another file on
 *   the host
 */
export async function examineTree(folder: string, paths: readonly string[]): Promise<TarEntry[]> {
  const entries: TarEntry[] = [];
  const folders = new Set<string>();
  const problems: Problem[] = [];
  const usual = readable(statsOf(join(folder, "manage.py")));
  // A strict umask closes manage.py too; a file that is closed beyond that is private on purpose.
  const isClosed = (stats: Stats | undefined): boolean => (readable(stats) & usual) !== usual;
  for (const path of paths) {
    // Reading the name replaced the bytes that aren't UTF-8, and no file has the new name.
    if (path.includes("\uFFFD"))
      problems.push(
        errorOf({
          subject: shownPath(path),
          found: "a name that isn't UTF-8",
          fix: ["rename the file"],
        }),
      );
    const stats = statsOf(join(folder, path));
    // git tracks it, but it was deleted.
    if (stats === undefined) continue;
    const problem = await problemOf(folder, path, stats);
    if (problem !== undefined) problems.push(errorOf({ subject: shownPath(path), ...problem }));
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
  problems.push(...emptySubmodules(folder, entries));
  if (entries.length === 0)
    problems.push(errorOf({ subject: folder, found: "no file, or only files that git ignores" }));
  if (problems.length > 0) throw sourceError(folder, problems);
  return entries;
}

/** Submodules of a copy or a download without .git, which has only their empty folders. */
function emptySubmodules(root: string, entries: readonly TarEntry[]): Problem[] {
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
    .map((path) =>
      errorOf({
        subject: shownPath(path),
        found: "a submodule without its files",
        fix: [
          "copy its files",
          "or git clone --recurse-submodules URL   (and deploy that checkout)",
        ],
      }),
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

/** Synchronous: with many files, waiting would take most of the time. */
function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    // ENOTDIR: a file replaced the folder.
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

async function problemOf(
  folder: string,
  path: string,
  stats: Stats,
): Promise<Omit<ProblemParts, "subject"> | undefined> {
  const tool = await placeholderOf(join(folder, path), stats);
  if (tool !== undefined)
    return {
      found: "a placeholder for content that was not fetched",
      fix: [tool],
      reason: "Visitors would get the placeholder.",
    };
  if (stats.isSymbolicLink() && !(await staysWithin(folder, path)))
    return {
      found: `a link to ${await readlink(join(folder, path))}, which leads out of the source or in a circle`,
      allowed: "a link within the source",
      fix: ["change it, or add it to .gitignore"],
    };
  if (stats.isFile() || stats.isDirectory() || stats.isSymbolicLink()) return undefined;
  return {
    found: "a socket, a pipe or a device",
    allowed: "a file, a folder or a link",
    fix: ["remove it"],
  };
}

/** The command that fetches the content for a placeholder; undefined for any other file. */
async function placeholderOf(path: string, stats: Stats): Promise<string | undefined> {
  const annexed = "git annex get";
  if (stats.isSymbolicLink())
    return (await readlink(path)).includes(".git/annex/objects/") ? annexed : undefined;
  // git-lfs itself accepts no larger placeholder.
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
