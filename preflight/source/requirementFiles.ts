import { posix } from "node:path";
import { fault, type SourceFinding } from "./finding";
import {
  installedFrom,
  isRemote,
  parseRequirementLine,
  type RequirementLine,
} from "./requirementLine";
import { decodeRequirements, logicalLines } from "./requirementText";
import type { SourceTree } from "./SourceTree";

/** A line, and where it is. */
export interface FiledLine extends RequirementLine {
  readonly path: string;
  /** Is it a constraint, which installs nothing by itself? */
  readonly constrains: boolean;
}

/** What a requirements file and all that it includes say. */
export interface RequirementFiles {
  readonly lines: readonly FiledLine[];
  /** What pip, or the host's virtualenv, would stumble over. */
  readonly faults: readonly SourceFinding[];
}

/** Reads a requirements file of the source, and those of the source that it includes, as pip does. */
export function readRequirements(tree: SourceTree, path: string): RequirementFiles {
  const lines: FiledLine[] = [];
  const faults: SourceFinding[] = [];
  const seen = new Set<string>();

  const read = (file: string, including: readonly string[], constrains: boolean): void => {
    if (seen.has(`${file}\0${constrains}`)) return;
    seen.add(`${file}\0${constrains}`);
    const content = tree.read(file);
    const text = content && decodeRequirements(content);
    if (text === undefined)
      faults.push(
        fault(
          file,
          "can't be read as text: it isn't in UTF-8, nor in what its first lines say. Save it as UTF-8.",
        ),
      );
    for (const line of logicalLines(text ?? "").map(parseRequirementLine)) {
      const filed = { ...line, path: file, constrains };
      lines.push(filed);
      faults.push(...placeFaults(tree, filed));
      if (line.included !== undefined && !isRemote(line.included))
        include(filed, line.included, [...including, file]);
    }
  };
  const include = (line: FiledLine, included: string, including: readonly string[]): void => {
    const target = within(posix.join(posix.dirname(line.path), included));
    const isOutside = target === undefined || /^(?:file:|\/)/i.test(included);
    if (isOutside) faults.push(outside(line.path, included));
    else if (including.includes(target))
      faults.push(
        fault(line.path, `includes itself: ${[...including, target].join(" -> ")}. Take one away.`),
      );
    else if (tree.read(target) === undefined) faults.push(missing(line.path, target));
    else read(target, including, line.constrains || line.isConstraint);
  };

  read(posix.normalize(path), [], false);
  return { lines, faults };
}

/** What a line installs from, or looks for packages in, has to be in the source. */
function placeFaults(tree: SourceTree, line: FiledLine): SourceFinding[] {
  const { path, findLinks } = line;
  const installed = installedFrom(line);
  if (installed !== undefined && !isRemote(installed)) {
    const place = within(installed);
    if (place === undefined) return [outside(path, installed)];
    return tree.has(place) ? [] : [missing(path, place)];
  }
  if (findLinks === undefined || isRemote(findLinks)) return [];
  const place = within(findLinks);
  if (place === undefined || /^file:/i.test(findLinks)) return [outside(path, findLinks)];
  // pip looks beside the file first, then from where it runs.
  const beside = within(posix.join(posix.dirname(path), findLinks));
  return [beside, place].some((one) => one !== undefined && tree.has(one))
    ? []
    : [missing(path, place)];
}

/** A path of the source, without dot segments; undefined when it leads out. */
function within(path: string): string | undefined {
  const plain = posix.normalize(path).replace(/(?<=.)\/$/, "");
  return plain.startsWith("/") || plain === ".." || plain.startsWith("../") ? undefined : plain;
}

function missing(path: string, named: string): SourceFinding {
  return fault(
    path,
    `names ${named}, which is not part of the source. Add it, and see that no .gitignore leaves it out.`,
  );
}

function outside(path: string, named: string): SourceFinding {
  return fault(
    path,
    /croot|feedstock|\/conda/.test(named)
      ? `names ${named}, where conda has built a package: no other machine has that. Write NAME==VERSION, as \`pip list --format=freeze\` does.`
      : `names ${named}, which is outside of the source. Put it into the source, and name it relative to that; packages that lie on the host are for its own /etc/pip.conf.`,
  );
}
