import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Makes an empty folder for a test.
 *
 * @param purpose part of its name
 * @param atTheEnd what removes it again: `onTestFinished` inside of a test, `afterAll` around several
 */
export function temporaryFolder(purpose: string, atTheEnd: (remove: () => void) => void): string {
  const folder = mkdtempSync(join(tmpdir(), `tracks-${purpose}-`));
  atTheEnd(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}
