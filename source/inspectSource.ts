import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { SourceFinding } from "./finding";
import { inspectFiles } from "./inspection";
import { listSource, sourceRoot } from "./listing";
import { isInspected, type SourceLayout } from "./SourceLayout";

/**
 * Everything in a source tree on this machine that would fail on the host, or surprise there.
 *
 * Only what packSource() would pack counts: a requirements.txt that git ignores doesn't exist.
 *
 * @param folder the application's source, the folder that holds manage.py
 * @returns faults and warnings; none for a source that is fine
 * @throws SourceError when there is no such folder, or git can't list it
 */
export async function inspectSource(
  folder: string,
  layout: SourceLayout,
): Promise<SourceFinding[]> {
  const root = await sourceRoot(folder);
  const files = new Map<string, string>();
  for (const path of await listSource(root)) {
    if (!isInspected(layout, path)) continue;
    const text = await readFile(join(root, path), "utf8").catch(() => undefined);
    // Tracked by git, and deleted; what can't be read is packSource()'s to tell.
    if (text !== undefined) files.set(path, text);
  }
  return inspectFiles(files, layout);
}
