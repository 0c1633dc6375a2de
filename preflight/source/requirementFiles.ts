import { posix } from "node:path";
import { errorOf, type Problem } from "../../host/problem";
import {
  installedFrom,
  isRemote,
  parseRequirementLine,
  type RequirementLine,
} from "./requirementLine";
import { decodeRequirements, logicalLines } from "./requirementText";
import type { SourceTree } from "./SourceTree";

/** A line and its file. */
export interface FiledLine extends RequirementLine {
  readonly path: string;
  /** Whether it is a constraint, which installs nothing by itself. */
  readonly constrains: boolean;
}

/** A requirements file and all files that it includes. */
export interface RequirementFiles {
  readonly lines: readonly FiledLine[];
  /** Lines that would fail in pip on the host. */
  readonly problems: readonly Problem[];
}

/** Reads a requirements file of the source, and the files of the source that it includes, as pip does. */
export function readRequirements(tree: SourceTree, path: string): RequirementFiles {
  const lines: FiledLine[] = [];
  const problems: Problem[] = [];
  const seen = new Set<string>();

  const read = (file: string, including: readonly string[], constrains: boolean): void => {
    if (seen.has(`${file}\0${constrains}`)) return;
    seen.add(`${file}\0${constrains}`);
    const content = tree.read(file);
    const text = content && decodeRequirements(content);
    if (text === undefined)
      problems.push(
        errorOf({
          subject: file,
          found: "text neither in UTF-8 nor in the encoding that its first lines name",
          fix: ["save it as UTF-8"],
        }),
      );
    for (const line of logicalLines(text ?? "").map(parseRequirementLine)) {
      const filed = { ...line, path: file, constrains };
      lines.push(filed);
      problems.push(...sourceProblems(tree, filed));
      if (line.included !== undefined && !isRemote(line.included))
        include(filed, line.included, [...including, file]);
    }
  };
  const include = (line: FiledLine, included: string, including: readonly string[]): void => {
    const target = within(posix.join(posix.dirname(line.path), included));
    const isOutside = target === undefined || /^(?:file:|\/)/i.test(included);
    if (isOutside) problems.push(outside(line.path, included));
    else if (including.includes(target))
      problems.push(
        errorOf({
          subject: line.path,
          found: `a file that includes itself: ${[...including, target].join(" -> ")}`,
          fix: ["remove one of these lines"],
        }),
      );
    else if (tree.read(target) === undefined) problems.push(missing(line.path, target));
    else read(target, including, line.constrains || line.isConstraint);
  };

  read(posix.normalize(path), [], false);
  return { lines, problems };
}

/** Checks that the path that a line installs from, or searches for packages, is in the source. */
function sourceProblems(tree: SourceTree, line: FiledLine): Problem[] {
  const { path, findLinks } = line;
  const installed = installedFrom(line);
  if (installed !== undefined && !isRemote(installed)) {
    const target = within(installed);
    if (target === undefined) return [outside(path, installed)];
    return tree.has(target) ? [] : [missing(path, target)];
  }
  if (findLinks === undefined || isRemote(findLinks)) return [];
  const target = within(findLinks);
  if (target === undefined || /^file:/i.test(findLinks)) return [outside(path, findLinks)];
  // pip looks in the file's own folder first, then in the one where it runs.
  const nextToFile = within(posix.join(posix.dirname(path), findLinks));
  return [nextToFile, target].some((one) => one !== undefined && tree.has(one))
    ? []
    : [missing(path, target)];
}

/** A path of the source, without dot segments; undefined when it leads out. */
function within(path: string): string | undefined {
  const plain = posix.normalize(path).replace(/(?<=.)\/$/, "");
  return plain.startsWith("/") || plain === ".." || plain.startsWith("../") ? undefined : plain;
}

function missing(path: string, named: string): Problem {
  return errorOf({
    subject: path,
    given: named,
    found: "no such file in the source",
    fix: ["add it to the source, and check that no .gitignore leaves it out"],
  });
}

function outside(path: string, named: string): Problem {
  return errorOf(
    /croot|feedstock|\/conda/.test(named)
      ? {
          subject: path,
          given: `${named}, a folder in which conda built a package`,
          allowed: "NAME==VERSION",
          fix: ["pip list --format=freeze   (prints such lines)"],
          reason: "No other machine has that folder.",
        }
      : {
          subject: path,
          given: `${named}, which is outside the source`,
          allowed: "a path within the source, relative to it",
          fix: [
            "copy it into the source",
            "or name a folder of packages on the host in its /etc/pip.conf",
          ],
        },
  );
}
