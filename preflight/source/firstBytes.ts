import { closeSync, openSync, readSync, statSync } from "node:fs";

/** Enough to tell what a file is. */
const enough = 64 * 1024;

/**
 * What a file begins with; undefined where it can't be read, or is none: a pipe would be waited for, and
 * a device never ends.
 */
export function firstBytes(path: string): Buffer | undefined {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) return undefined;
    const file = openSync(path, "r");
    try {
      const bytes = Buffer.alloc(Math.min(stats.size, enough));
      return bytes.subarray(0, readSync(file, bytes));
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}
