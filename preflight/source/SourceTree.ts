import { existsSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";

/** What of a source tree is packed. */
export interface SourceTree {
  /** Is it a file or a folder of it? */
  readonly has: (path: string) => boolean;
  /** A file's content; undefined where there is no such file. */
  readonly read: (path: string) => Buffer | undefined;
}

/**
 * @param root as sourceRoot() gives it
 * @param paths as listSource() gives them
 */
export function sourceTree(root: string, paths: readonly string[]): SourceTree {
  const files = new Set(paths);
  const all = new Set(["."]);
  for (const path of paths)
    for (let part = path; part !== "." && !all.has(part); part = posix.dirname(part)) all.add(part);
  // What is behind a link is listed where it is: packSource() sees to it that it is in the tree.
  const isBehindLink = (path: string): boolean => {
    const parent = posix.dirname(path);
    return parent !== "." && (files.has(parent) || isBehindLink(parent));
  };
  return {
    has: (path) => all.has(path) || (isBehindLink(path) && existsSync(join(root, path))),
    read: (path) => {
      if (!files.has(path) && !isBehindLink(path)) return undefined;
      try {
        // A pipe would be waited for, and a device never ends.
        return statSync(join(root, path)).isFile() ? readFileSync(join(root, path)) : undefined;
      } catch {
        // Tracked by git, and deleted; what can't be read is packSource()'s to tell.
        return undefined;
      }
    },
  };
}
