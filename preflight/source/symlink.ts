import { lstat, readlink } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative } from "node:path";

/** As many links as Linux follows in one path. */
const mostLinks = 40;

/**
 * Whether a symbolic link keeps within its tree at every step, so that it means the same wherever
 * the tree lies. What it leads to needn't exist.
 *
 * @param tree the root, absolute and without symbolic links
 * @param path of the link, within the tree
 */
export async function staysWithin(tree: string, path: string): Promise<boolean> {
  let place = dirname(join(tree, path));
  const steps = [basename(path)];
  for (let links = 0; steps.length > 0;) {
    // Not by the path's text alone: `a/..` is somewhere else where `a` is a link itself.
    const next = join(place, steps.shift() ?? "");
    if (!isWithin(tree, next)) return false;
    const stats = await lstat(next).catch(() => undefined);
    if (stats?.isSymbolicLink() !== true) {
      place = next;
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
