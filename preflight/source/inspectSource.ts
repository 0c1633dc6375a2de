import { existsSync, lstatSync, realpathSync } from "node:fs";
import { join, relative } from "node:path";
import { shownList, shownPath, type SourceFinding, warning } from "./finding";
import { firstBytes } from "./firstBytes";
import { inspectFiles } from "./inspection";
import { listLeftOut, listSource, sourceRoot } from "./listing";
import { inspectRequirements, type RequirementNeeds } from "./requirements";
import { looksSecret } from "./secretFile";
import { isInspected, type SourceLayout } from "./SourceLayout";
import { type SourceTree, sourceTree } from "./SourceTree";

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
  if (files.size === 0) return findings;
  return [
    ...findings,
    ...inspectRequirements(tree, layout, needs),
    ...inspectSecrets(root, paths),
    ...inspectLinks(root, tree, paths),
    ...inspectLeftOut(await listLeftOut(root)),
  ];
}

function inspectSecrets(root: string, paths: readonly string[]): SourceFinding[] {
  return paths
    .filter((path) => looksSecret(path, () => firstBytes(join(root, path))))
    .map((path) =>
      warning(
        path,
        "looks like a secret, and goes to the host, where the deployer alone can read it. Unless the site needs it there, leave it out by .gitignore, and out of git (git rm --cached).",
      ),
    );
}

/** What a link leads to stays behind where git ignores it: on the host it would lead nowhere. */
function inspectLinks(root: string, tree: SourceTree, paths: readonly string[]): SourceFinding[] {
  return paths.flatMap((path) => {
    const link = join(root, path);
    if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return [];
    if (!existsSync(link)) return [];
    const target = relative(root, realpathSync(link));
    // What leads out of the source is packSource()'s to refuse.
    if (target.startsWith("../") || tree.has(target)) return [];
    return [
      warning(
        path,
        `is a link to ${shownPath(target)}, which is no part of the source, and leads nowhere on the host. Let git track what it leads to, or ignore the link as well.`,
      ),
    ];
  });
}

/** What Python makes itself, wherever it runs. */
const compiled = /(?:^|\/)__pycache__\/|\.py[co]$/;

function inspectLeftOut(ignored: readonly string[]): SourceFinding[] {
  const paths = ignored.filter((path) => !compiled.test(path));
  if (paths.length === 0) return [];
  return [
    warning(
      ".gitignore",
      `leaves out ${shownList(paths)}. Without .git nobody can tell what was added to git in spite of it: if the site needs one of these, change .gitignore, or deploy a checkout.`,
    ),
  ];
}
