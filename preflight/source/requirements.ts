import { fault, type SourceFinding, warning } from "./finding";
import { type FiledLine, readRequirements } from "./requirementFiles";
import { distributionName, installedFrom, isRemote } from "./requirementLine";
import { hasPassword, shownUrl } from "./shownUrl";
import type { SourceLayout } from "./SourceLayout";
import type { SourceTree } from "./SourceTree";

/** What the virtualenv gets beside the requirements. */
export interface RequirementNeeds {
  /** Does Django need a driver for PostgreSQL? */
  readonly postgresql: boolean;
  /** As pip takes them. */
  readonly extra: readonly string[];
}

/** What the virtualenv is made from. */
export function inspectRequirements(
  tree: SourceTree,
  { requirementsFile: path }: SourceLayout,
  needs: RequirementNeeds,
): SourceFinding[] {
  if (tree.read(path) === undefined)
    return [
      fault(
        path,
        "there is no such file, and the virtualenv is made from it. Add it, with Django==VERSION in it, or name another.",
      ),
    ];
  const { lines, faults } = readRequirements(tree, path);
  const asked = lines.filter(({ constrains }) => !constrains);
  return [
    ...faults,
    ...inspectHashes(path, lines, needs),
    ...lines.flatMap(inspectVariables),
    ...inspectElsewhere(lines),
    ...inspectDjango(path, asked, faults),
    ...asked.flatMap(inspectFrozen),
    ...inspectPins(asked, lines),
    ...lines.flatMap(inspectReference),
    ...inspectPasswords(lines),
  ];
}

const drivers = new Set(["psycopg2", "psycopg2-binary", "psycopg2cffi", "psycopg"]);

/** What to add in hash mode, of versions that every supported Python takes. */
const driverLines = [
  'psycopg2==2.9.10; python_version >= "3.8" --hash=sha256:12ec0b40b0273f95296233e8750441339298e6a572f7039da5b260e3c8b60e11',
  'psycopg2==2.9.6; python_version < "3.8" --hash=sha256:f15158418fd826831b28585e2ab48ed8df2d0d98f502a2b4fe619e7d5ca29011',
];
/** Before 3.1 Django takes the time zone of psycopg2 2.9 for another than UTC. */
const oldDriverLine =
  "psycopg2==2.8.6 --hash=sha256:fb23f6c71107c37fd667cb4ea363ddeb936b348bbd6449278eb92c189699f543";

/** With hashes pip takes nothing that has none, so that nothing can be added on the host. */
function inspectHashes(
  path: string,
  lines: readonly FiledLine[],
  { postgresql, extra }: RequirementNeeds,
): SourceFinding[] {
  if (!lines.some(({ requiresHashes }) => requiresHashes)) return [];
  const findings: SourceFinding[] = [];
  if (extra.length > 0)
    findings.push(
      fault(
        path,
        `requires hashes, and tracks:extraRequirements has none. Move ${extra.join(", ")} into the file, with hashes.`,
      ),
    );
  const names = lines.filter(({ constrains }) => !constrains).map(nameOf);
  if (!postgresql || names.some((name) => drivers.has(name))) return findings;
  const django = lines.find((line) => nameOf(line) === "django")?.requirement ?? "";
  const isOld = /==\s*(?:[12]\.|3\.0\b)/.test(django);
  return [
    ...findings,
    fault(
      path,
      [
        "requires hashes, and names no driver for PostgreSQL: psycopg2 can't be added without its hash. Add:",
        ...(isOld ? [oldDriverLine] : driverLines),
      ].join("\n"),
    ),
  ];
}

function nameOf({ requirement }: FiledLine): string {
  return requirement === undefined ? "" : distributionName(requirement);
}

/** Those that are there on the host, where pip runs. */
const hostVariables = new Set(["HOME", "USER", "LOGNAME", "PATH", "LANG"]);

function inspectVariables({ path, text }: FiledLine): SourceFinding[] {
  return [...text.matchAll(/\$\{([A-Z0-9_]+)\}/g)]
    .map(([, name = ""]) => name)
    .filter((name) => !hostVariables.has(name))
    .map((name) =>
      fault(
        path,
        `asks for the variable ${name}, which isn't set where pip runs on the host. Write its value; a login to an index belongs into the deployer's ~/.netrc there.`,
      ),
    );
}

/** The virtualenv goes by the content of the source; what is elsewhere isn't asked for. */
function inspectElsewhere(lines: readonly FiledLine[]): SourceFinding[] {
  return byPath(lines, ({ included }) =>
    included !== undefined && isRemote(included) ? [shownUrl(included)] : [],
  ).map(([path, places]) =>
    warning(
      path,
      `includes files from elsewhere (${places.join(", ")}). A change in one of these makes no new virtualenv: write their lines into the source.`,
    ),
  );
}

function inspectDjango(
  path: string,
  asked: readonly FiledLine[],
  faults: readonly SourceFinding[],
): SourceFinding[] {
  const isUnknown =
    faults.length > 0 || asked.some(({ included }) => included !== undefined && isRemote(included));
  if (isUnknown || asked.some((line) => nameOf(line) === "django")) return [];
  return [
    warning(
      path,
      "doesn't name Django, so that another package's choice decides its version. Add Django==VERSION.",
    ),
  ];
}

/** Debian's own package, which its pip lists as if an index had it. */
function inspectFrozen({ path, requirement = "" }: FiledLine): SourceFinding[] {
  return /^pkg[-_]resources==0\.0\.0\b/.test(requirement)
    ? [
        fault(
          path,
          `names ${requirement}, which no index has: Debian's pip freeze writes it by mistake. Remove the line.`,
        ),
      ]
    : [];
}

/** One version, and no pattern of several. */
const pin = /===?\s*[^\s,;*]+(?![^,;]*\*)/;

function inspectPins(asked: readonly FiledLine[], lines: readonly FiledLine[]): SourceFinding[] {
  const pinned = new Set(
    lines
      .filter(({ constrains, requirement = "" }) => constrains && pin.test(requirement))
      .map(nameOf),
  );
  return byPath(asked, (line) => {
    const requirement = line.requirement?.replace(/\s*;.*/, "");
    const isLoose =
      requirement !== undefined &&
      installedFrom(line) === undefined &&
      !pin.test(requirement) &&
      !pinned.has(nameOf(line));
    return isLoose ? [requirement] : [];
  }).map(([path, loose]) =>
    warning(
      path,
      `doesn't pin ${loose.join(", ")}: the same file gives other versions on another day. Write NAME==VERSION.`,
    ),
  );
}

/** What a server calls by a name today may be something else tomorrow, and the virtualenv stays. */
function inspectReference(line: FiledLine): SourceFinding[] {
  const place = installedFrom(line);
  if (place === undefined || !isRemote(place)) return [];
  const plain = place.replace(/[?#].*$/, "");
  const moves = /^(?:git|hg|svn|bzr)\+/i.test(plain)
    ? !/@(?:[0-9a-f]{7,40}|[^@/]*\d+\.\d+[^@/]*)$/.test(plain)
    : /\/(?:heads\/[^/]*|main|master|develop|trunk|HEAD|latest)\.(?:zip|tar\.gz)$/.test(plain);
  if (!moves) return [];
  return [
    warning(
      line.path,
      `takes ${shownUrl(place)} from a branch: a new commit there makes no new virtualenv. Name the commit, as in @0123abc...`,
    ),
  ];
}

function inspectPasswords(lines: readonly FiledLine[]): SourceFinding[] {
  return byPath(lines, ({ text }) =>
    (text.match(/\w[\w+]*:\/\/\S+/g) ?? []).filter(hasPassword).map(shownUrl),
  ).map(([path, urls]) =>
    warning(
      path,
      `has a password in ${urls.join(", ")}, for all who can read the source, here and on the host. Put it into the deployer's ~/.netrc there.`,
    ),
  );
}

/** What is found in each file, for the files where something is. */
function byPath(
  lines: readonly FiledLine[],
  find: (line: FiledLine) => readonly string[],
): [string, string[]][] {
  const found = new Map<string, string[]>();
  for (const line of lines)
    for (const one of find(line)) found.set(line.path, [...(found.get(line.path) ?? []), one]);
  return [...found];
}
