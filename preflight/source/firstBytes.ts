import { closeSync, openSync, readSync, statSync } from "node:fs";

/** Bytes that are enough to recognize a file. */
const enough = 64 * 1024;

/**
 * The beginning of a file; undefined where it can't be read, or is no regular file: a pipe would block, and
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
