import { lstat, readlink } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative } from "node:path";

/** Links that Linux follows in one path. */
const mostLinks = 40;

/**
 * Whether a symbolic link stays within its tree at every step, so that it leads to the same file wherever
 * the tree is. Its target needn't exist.
 *
 * @param tree the root, absolute and without symbolic links
 * @param path path of the link within the tree
 */
export async function staysWithin(tree: string, path: string): Promise<boolean> {
  let folder = dirname(join(tree, path));
  const steps = [basename(path)];
  for (let links = 0; steps.length > 0;) {
    // The text of the path alone does not decide: `a/..` is another folder where `a` is a link itself.
    const next = join(folder, steps.shift() ?? "");
    if (!isWithin(tree, next)) return false;
    const stats = await lstat(next).catch(() => undefined);
    if (stats?.isSymbolicLink() !== true) {
      folder = next;
      continue;
    }
    const target = await readlink(next);
    if (isAbsolute(target) || ++links > mostLinks) return false;
    steps.unshift(...target.split("/"));
  }
  return true;
}

function isWithin(tree: string, path: string): boolean {
  const way = relative(tree, path);
  return way !== ".." && !way.startsWith("../");
}
