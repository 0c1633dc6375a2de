import { existsSync, lstatSync, realpathSync } from "node:fs";
import { join, relative } from "node:path";
import { type Problem, warningOf } from "../../host/problem";
import { firstBytes } from "./firstBytes";
import { inspectFiles } from "./inspection";
import { listLeftOut, listSource, sourceRoot } from "./listing";
import { inspectRequirements, type RequirementNeeds } from "./requirements";
import { looksSecret } from "./secretFile";
import { shownList, shownPath } from "./shownPath";
import { isInspected, type SourceLayout } from "./SourceLayout";
import { type SourceTree, sourceTree } from "./SourceTree";

/**
 * Finds everything in a source tree on this machine that would fail on the host, or behave differently there.
 *
 * It sees only the files that packSource() would pack: a requirements.txt that git ignores doesn't exist.
 *
 * @param folder the application's source, the folder that has manage.py
 * @throws {@link ProblemError} when the folder does not exist, or git can't list it
 */
export async function inspectSource(
  folder: string,
  layout: SourceLayout,
  needs: RequirementNeeds,
): Promise<Problem[]> {
  const root = await sourceRoot(folder);
  const paths = await listSource(root);
  const tree = sourceTree(root, paths);
  const files = new Map<string, string>();
  for (const path of paths) {
    const content = isInspected(layout, path) ? tree.read(path) : undefined;
    if (content !== undefined) files.set(path, content.toString());
  }
  const problems = inspectFiles(files, layout);
  if (files.size === 0) return problems;
  return [
    ...problems,
    ...inspectRequirements(tree, layout, needs),
    ...inspectSecrets(root, paths),
    ...inspectLinks(root, tree, paths),
    ...inspectLeftOut(await listLeftOut(root)),
  ];
}

function inspectSecrets(root: string, paths: readonly string[]): Problem[] {
  return paths
    .filter((path) => looksSecret(path, () => firstBytes(join(root, path))))
    .map((path) =>
      warningOf({
        subject: shownPath(path),
        found: "a file that looks like a secret",
        fix: [
          `git rm --cached ${shownPath(path)}; add it to .gitignore   (unless the site needs it)`,
        ],
        reason: "It goes to the host, where only the deployer can read it.",
      }),
    );
}

/** Finds links to files that git ignores: on the host these links lead nowhere. */
function inspectLinks(root: string, tree: SourceTree, paths: readonly string[]): Problem[] {
  return paths.flatMap((path) => {
    const link = join(root, path);
    if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return [];
    if (!existsSync(link)) return [];
    const target = relative(root, realpathSync(link));
    // packSource() refuses links out of the source.
    if (target.startsWith("../") || tree.has(target)) return [];
    return [
      warningOf({
        subject: shownPath(path),
        found: `a link to ${shownPath(target)}, which git ignores`,
        fix: [
          `remove ${shownPath(target)} from .gitignore`,
          "or add the link to .gitignore as well",
        ],
        reason: "On the host the link leads nowhere.",
      }),
    ];
  });
}

/** Files that Python itself writes. */
const compiled = /(?:^|\/)__pycache__\/|\.py[co]$/;

function inspectLeftOut(ignored: readonly string[]): Problem[] {
  const paths = ignored.filter((path) => !compiled.test(path));
  if (paths.length === 0) return [];
  return [
    warningOf({
      subject: ".gitignore",
      found: `rules that leave out ${shownList(paths)}`,
      fix: ["change .gitignore, or deploy a checkout   (where the site needs one of these)"],
      reason: "Without .git this program can't know which ignored files git tracks all the same.",
    }),
  ];
}
