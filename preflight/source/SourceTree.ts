import { existsSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";

/** The files of a source tree that packSource() packs. */
export interface SourceTree {
  /** Whether the path is a file or a folder of the tree. */
  readonly has: (path: string) => boolean;
  /** Content of a file; undefined where it does not exist. */
  readonly read: (path: string) => Buffer | undefined;
}

/**
 * @param root as sourceRoot() returns it
 * @param paths as listSource() returns them
 */
export function sourceTree(root: string, paths: readonly string[]): SourceTree {
  const files = new Set(paths);
  const all = new Set(["."]);
  for (const path of paths)
    for (let part = path; part !== "." && !all.has(part); part = posix.dirname(part)) all.add(part);
  // A path behind a link is listed under its own folder: packSource() refuses links out of the tree.
  const isBehindLink = (path: string): boolean => {
    const parent = posix.dirname(path);
    return parent !== "." && (files.has(parent) || isBehindLink(parent));
  };
  return {
    has: (path) => all.has(path) || (isBehindLink(path) && existsSync(join(root, path))),
    read: (path) => {
      if (!files.has(path) && !isBehindLink(path)) return undefined;
      try {
        // Reading a pipe would block, and a device never ends.
        return statSync(join(root, path)).isFile() ? readFileSync(join(root, path)) : undefined;
      } catch {
        // Deleted, though git tracks it; packSource() reports what can't be read.
        return undefined;
      }
    },
  };
}
