// Node's own: loading execa takes a tenth of a second of each preview.
// eslint-disable-next-line no-restricted-imports
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { lstat, mkdtemp, readdir, realpath, rm, stat } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { promisify } from "node:util";
import type { ProblemError } from "../../host/ProblemError";
import { shownList } from "./shownPath";
import { folderError } from "./sourceError";

const execute = promisify(execFile);

/** Bytes that git's list of a tree may have; a million files with paths of 200 bytes. */
const longestList = 200 * 1024 * 1024;

/**
 * Path of a source tree's folder, absolute and without symbolic links.
 *
 * @throws {@link ProblemError} when the folder does not exist
 */
export async function sourceRoot(folder: string): Promise<string> {
  const root = await realpath(folder).catch(() => undefined);
  if (root === undefined || !(await stat(root)).isDirectory())
    throw folderError(folder, {
      found: "no such folder",
      fix: ["set DjangoApp.source.archive to FOLDER   (that has manage.py)"],
    });
  return root;
}

/**
 * Paths of a source tree that belong to a deployment, in the order of their characters' codes.
 *
 * In a git checkout: the files that are tracked, or neither tracked nor ignored, so that you can try a
 * change before you commit it. Elsewhere: everything that no .gitignore leaves out. Never a
 * `.git`.
 *
 * @param folder as sourceRoot() returns it
 * @returns paths within the folder, with slashes: files, symbolic links and empty folders; a tracked
 *   file that was deleted may be among them
 * @throws {@link ProblemError} when git refuses to list the checkout, or a submodule isn't checked out
 */
export async function listSource(folder: string): Promise<string[]> {
  if (await isInCheckout(folder)) return (await listCheckout(folder, "")).sort(byCode);
  const ignored = new Set(await listIgnored(folder));
  return (await listFolder(folder, "", ignored)).sort(byCode);
}

/**
 * Paths that a .gitignore leaves out of a folder outside any checkout, such as a copy or a download. There
 * nothing says which of them git tracks all the same.
 *
 * @returns paths within the folder; a folder's path ends with a slash
 */
export async function listLeftOut(folder: string): Promise<string[]> {
  return (await isInCheckout(folder)) ? [] : (await listIgnored(folder)).sort(byCode);
}

/** Paths that git would ignore, by git itself, with an empty repository in another folder. */
async function listIgnored(folder: string, top = topOfCopy(folder)): Promise<string[]> {
  if (top === folder && !(await hasIgnoreFile(folder))) return [];
  const repository = await mkdtemp(join(tmpdir(), "tracks-git-"));
  try {
    await git(repository, "init", "--quiet", "--bare", ".");
    const list = await git(
      folder,
      `--git-dir=${repository}`,
      `--work-tree=${top}`,
      ...["ls-files", "--others", "--ignored", "--directory", "-z"],
      "--exclude-per-directory=.gitignore",
    );
    const names = list.split("\0").filter((name) => name !== "");
    // A folder that is itself ignored does not belong to the tree around it.
    return names.includes("./") ? await listIgnored(folder, folder) : names;
  } catch (error) {
    throw refusal(folder, error);
  } finally {
    await rm(repository, { recursive: true, force: true });
  }
}

/**
 * The highest folder that may have been the top of the checkout, by its .gitignore; else the folder itself.
 * The user's home and the folders above it never are.
 */
function topOfCopy(folder: string): string {
  let top = folder;
  for (let parent = dirname(folder); ; parent = dirname(parent)) {
    const isEnd = parent === homedir() || parent === dirname(parent);
    if (isEnd || existsSync(join(parent, ".git"))) return top;
    if (existsSync(join(parent, ".gitignore"))) top = parent;
  }
}

async function hasIgnoreFile(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { withFileTypes: true });
  if (entries.some(({ name }) => name === ".gitignore")) return true;
  for (const entry of entries)
    if (entry.isDirectory() && (await hasIgnoreFile(join(folder, entry.name)))) return true;
  return false;
}

/** Unlike localeCompare, the same on every machine. */
function byCode(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

async function isInCheckout(folder: string): Promise<boolean> {
  for (let parent = folder; ; parent = dirname(parent)) {
    // In a worktree and a submodule `.git` is a file.
    if (existsSync(join(parent, ".git"))) return parent === folder || !(await isIgnored(folder));
    if (dirname(parent) === parent) return false;
  }
}

/** Whether the checkout around a folder ignores it: git would list nothing there. */
async function isIgnored(folder: string): Promise<boolean> {
  try {
    await git(folder, "check-ignore", "--quiet", ".");
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === 1) return false;
    throw refusal(folder, error);
  }
}

async function listCheckout(folder: string, within: string): Promise<string[]> {
  let list: string;
  try {
    // Each name with its status and a space before it.
    list = await git(
      join(folder, within),
      ...["ls-files", "-t", "--cached", "--others", "--exclude-standard", "-z"],
    );
  } catch (error) {
    throw refusal(folder, error);
  }
  const listed = new Set(list.split("\0").filter((line) => line !== ""));
  refuseSparse(folder, within, listed);
  const paths: string[] = [];
  // During a merge git lists a path once for each side.
  for (const name of new Set([...listed].map((line) => line.slice(2)))) {
    const path = posix.join(within, name);
    // Of a submodule, or an untracked checkout, git lists the folder but not its files.
    if (await isFolder(join(folder, path))) paths.push(...(await listNested(folder, path)));
    else paths.push(path);
  }
  return paths;
}

/** Refuses a sparse checkout: the site would lack the files that git left out. */
function refuseSparse(folder: string, within: string, listed: ReadonlySet<string>): void {
  const absent = [...listed]
    .filter((line) => line.startsWith("S "))
    .map((line) => posix.join(within, line.slice(2)))
    .filter((path) => !existsSync(join(folder, path)));
  if (absent.length === 0) return;
  throw folderError(folder, {
    found: `a sparse checkout without ${shownList(absent)}`,
    fix: [`git -C ${join(folder, within)} sparse-checkout disable`],
  });
}

async function listNested(folder: string, path: string): Promise<string[]> {
  const nested = path.replace(/\/$/, "");
  if (existsSync(join(folder, nested, ".git"))) {
    const paths = await listCheckout(folder, nested);
    if (paths.some((one) => existsSync(join(folder, one)))) return paths;
    throw notCheckedOut(folder, nested, `git -C ${join(folder, nested)} checkout .`);
  }
  // Where a folder replaced a tracked file, git's list has the folder's files.
  if ((await readdir(join(folder, nested))).length > 0) return [];
  throw notCheckedOut(folder, nested, `git -C ${folder} submodule update --init`);
}

function notCheckedOut(folder: string, submodule: string, command: string): ProblemError {
  return folderError(folder, {
    found: `the submodule ${submodule}, which isn't checked out`,
    fix: [command],
  });
}

async function listFolder(
  folder: string,
  within: string,
  ignored: ReadonlySet<string>,
): Promise<string[]> {
  const paths: string[] = [];
  const entries = await readdir(join(folder, within), { withFileTypes: true });
  for (const entry of entries) {
    const path = posix.join(within, entry.name);
    if (ignored.has(entry.isDirectory() ? `${path}/` : path)) continue;
    if (!entry.isDirectory()) paths.push(path);
    else if (existsSync(join(folder, path, ".git")))
      paths.push(...(await listCheckout(folder, path)));
    else paths.push(...(await listFolder(folder, path, ignored)));
  }
  return entries.length === 0 && within !== "" ? [within] : paths;
}

/** Does not follow a link, which is packed as a link. */
async function isFolder(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined);
  return stats?.isDirectory() ?? false;
}

/** @throws the process's error, with git's message */
async function git(folder: string, ...args: string[]): Promise<string> {
  // A git hook, or a shell set up for another repository, has these.
  const foreign = /^GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX|COMMON_DIR|OBJECT_DIRECTORY|NAMESPACE)$/;
  const environment = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  const { stdout } = await execute("git", ["-C", folder, ...args], {
    env: { ...Object.fromEntries(environment), GIT_OPTIONAL_LOCKS: "0" },
    maxBuffer: longestList,
  });
  return stdout;
}

/** The error for a git that fails; packing all files instead could deploy ignored ones, perhaps secrets. */
function refusal(folder: string, error: unknown): ProblemError {
  const { code, stderr } = error as { code?: unknown; stderr?: unknown };
  if (code === "ENOENT") {
    return folderError(folder, {
      found: "no git on PATH, which lists the files to deploy",
      fix: ["install git"],
    });
  }
  return folderError(folder, {
    found: "git can't list the files to deploy",
    reason: typeof stderr === "string" && stderr.trim() !== "" ? stderr.trim() : String(error),
  });
}
