import type { SourceFinding } from "./finding";
import { inspectFiles } from "./inspection";
import { listSource, sourceRoot } from "./listing";
import { inspectRequirements, type RequirementNeeds } from "./requirements";
import { isInspected, type SourceLayout } from "./SourceLayout";
import { sourceTree } from "./SourceTree";

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
  needs: RequirementNeeds,
): Promise<SourceFinding[]> {
  const root = await sourceRoot(folder);
  const paths = await listSource(root);
  const tree = sourceTree(root, paths);
  const files = new Map<string, string>();
  for (const path of paths) {
    const content = isInspected(layout, path) ? tree.read(path) : undefined;
    if (content !== undefined) files.set(path, content.toString());
  }
  const findings = inspectFiles(files, layout);
  return files.size === 0 ? findings : [...findings, ...inspectRequirements(tree, layout, needs)];
}
