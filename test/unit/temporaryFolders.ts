import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Vitest's global setup of the unit tests: everything temporary of theirs lies below one folder, which goes at
 * the end. Files that share their modules have no end of their own for a folder that several of them use.
 */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "tracks-unit-"));
  process.env["TMPDIR"] = folder;
  return () => {
    rmSync(folder, { recursive: true, force: true });
  };
}
