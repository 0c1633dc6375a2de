// Node's own: to load execa would take a tenth of a second of each preview.
// eslint-disable-next-line no-restricted-imports
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { lstat, mkdtemp, readdir, realpath, rm, stat } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { promisify } from "node:util";
import { shownList } from "./finding";
import { SourceError } from "./SourceError";

const execute = promisify(execFile);

/** Bytes that git's list of a tree may have; a million files with paths of 200 bytes. */
const longestList = 200 * 1024 * 1024;

/**
 * A source tree's folder, absolute and without symbolic links.
 *
 * @throws SourceError when there is none
 */
export async function sourceRoot(folder: string): Promise<string> {
  const root = await realpath(folder).catch(() => undefined);
  if (root === undefined || !(await stat(root)).isDirectory())
    throw new SourceError(folder, ["there is no such folder. Name the one that holds manage.py."]);
  return root;
}

/**
 * Paths of a source tree that belong to a deployment, in the order of their characters' codes.
 *
 * Within a git checkout: what is tracked, and what is neither tracked nor ignored, so that a change
 * can be tried before it is committed. Elsewhere: everything that no .gitignore leaves out. Never a
 * `.git`.
 *
 * @param folder as sourceRoot() gives it
 * @returns paths within the folder, with slashes. Files, symbolic links, and folders that hold
 *   nothing; a tracked file that was deleted may still be among them
 * @throws SourceError when git refuses to list the checkout, or a submodule isn't checked out
 */
export async function listSource(folder: string): Promise<string[]> {
  if (await isInCheckout(folder)) return (await listCheckout(folder, "")).sort(byCode);
  const ignored = new Set(await listIgnored(folder));
  return (await listFolder(folder, "", ignored)).sort(byCode);
}

/**
 * What a .gitignore leaves out of a folder that is in no checkout, as a copy or a download is: nobody
 * can tell there what was added to git in spite of it.
 *
 * @returns paths within the folder; a folder's ends with a slash
 */
export async function listLeftOut(folder: string): Promise<string[]> {
  return (await isInCheckout(folder)) ? [] : (await listIgnored(folder)).sort(byCode);
}

/** git's own rules, by git itself, with an empty repository that lies elsewhere. */
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
    // Ignored itself, it is no part of what is around it.
    return names.includes("./") ? await listIgnored(folder, folder) : names;
  } catch (error) {
    throw refusal(folder, error);
  } finally {
    await rm(repository, { recursive: true, force: true });
  }
}

/**
 * The highest folder that may have been the checkout's, by its .gitignore; else the folder itself. What
 * lies in the user's home or above it is no checkout's.
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
    // A worktree and a submodule have a file of that name.
    if (existsSync(join(parent, ".git"))) return parent === folder || !(await isIgnored(folder));
    if (dirname(parent) === parent) return false;
  }
}

/** A folder that the checkout around it ignores is no part of it: git would list nothing there. */
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
    // With what each is, and a blank, before its name.
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
  // In the midst of a merge a path stands there once for each side.
  for (const name of new Set([...listed].map((line) => line.slice(2)))) {
    const path = posix.join(within, name);
    // A submodule, or an untracked checkout: git names the folder and leaves its files to itself.
    if (await isFolder(join(folder, path))) paths.push(...(await listNested(folder, path)));
    else paths.push(path);
  }
  return paths;
}

/** What git was told to leave out of the folder was not deleted: the site would lack it. */
function refuseSparse(folder: string, within: string, listed: ReadonlySet<string>): void {
  const absent = [...listed]
    .filter((line) => line.startsWith("S "))
    .map((line) => posix.join(within, line.slice(2)))
    .filter((path) => !existsSync(join(folder, path)));
  if (absent.length === 0) return;
  throw new SourceError(folder, [
    `${shownList(absent)} ${absent.length === 1 ? "is" : "are"} left out of this sparse checkout. Run \`git -C ${join(folder, within)} sparse-checkout disable\`.`,
  ]);
}

async function listNested(folder: string, path: string): Promise<string[]> {
  const nested = path.replace(/\/$/, "");
  if (existsSync(join(folder, nested, ".git"))) {
    const paths = await listCheckout(folder, nested);
    if (paths.some((one) => existsSync(join(folder, one)))) return paths;
    throw notCheckedOut(folder, nested, `git -C ${join(folder, nested)} checkout .`);
  }
  // A folder where a tracked file was: its own files are in git's list.
  if ((await readdir(join(folder, nested))).length > 0) return [];
  throw notCheckedOut(folder, nested, `git -C ${folder} submodule update --init`);
}

function notCheckedOut(folder: string, submodule: string, command: string): SourceError {
  return new SourceError(folder, [
    `the submodule ${submodule} isn't checked out. Run \`${command}\`.`,
  ]);
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

/** Without following a link, which is packed as it is. */
async function isFolder(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined);
  return stats?.isDirectory() ?? false;
}

/** @throws what git said, as the process's error */
async function git(folder: string, ...args: string[]): Promise<string> {
  // What a git hook, or a shell made for another repository, says about that one.
  const foreign = /^GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX|COMMON_DIR|OBJECT_DIRECTORY|NAMESPACE)$/;
  const environment = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  const { stdout } = await execute("git", ["-C", folder, ...args], {
    env: { ...Object.fromEntries(environment), GIT_OPTIONAL_LOCKS: "0" },
    maxBuffer: longestList,
  });
  return stdout;
}

/** Packing everything instead would deploy what the checkout ignores, secrets perhaps. */
function refusal(folder: string, error: unknown): SourceError {
  const { code, stderr } = error as { code?: unknown; stderr?: unknown };
  const reason =
    code === "ENOENT"
      ? "git isn't on PATH. Install it."
      : typeof stderr === "string" && stderr.trim() !== ""
        ? stderr.trim()
        : String(error);
  return new SourceError(folder, [
    `git, whose rules say which of its files are ignored, can't tell: ${reason}`,
  ]);
}
