import { errorOf, type Problem, warningOf } from "../../host/problem";
import { type FiledLine, readRequirements } from "./requirementFiles";
import { distributionName, installedFrom, isRemote } from "./requirementLine";
import { hasPassword, shownUrl } from "./shownUrl";
import type { SourceLayout } from "./SourceLayout";
import type { SourceTree } from "./SourceTree";

/** Further packages of the virtualenv. */
export interface RequirementNeeds {
  /** Whether Django needs a driver for PostgreSQL. */
  readonly postgresql: boolean;
  /** Further requirements, in pip's format. */
  readonly extra: readonly string[];
}

/** Inspects the requirements file, which names the packages of the virtualenv. */
export function inspectRequirements(
  tree: SourceTree,
  { requirementsFile: path }: SourceLayout,
  needs: RequirementNeeds,
): Problem[] {
  if (tree.read(path) === undefined)
    return [
      errorOf({
        subject: path,
        found: "no such file",
        fix: [
          "add it, with a line Django==VERSION",
          "or pulumi config set tracks:requirementsFile FILE",
        ],
        reason: "It names the packages of the virtualenv.",
      }),
    ];
  const { lines, problems } = readRequirements(tree, path);
  const asked = lines.filter(({ constrains }) => !constrains);
  return [
    ...problems,
    ...inspectHashes(path, lines, needs),
    ...lines.flatMap(inspectVariables),
    ...inspectElsewhere(lines),
    ...inspectDjango(path, asked, problems),
    ...asked.flatMap(inspectFrozen),
    ...inspectPins(asked, lines),
    ...lines.flatMap(inspectReference),
    ...inspectPasswords(lines),
  ];
}

const drivers = new Set(["psycopg2", "psycopg2-binary", "psycopg2cffi", "psycopg"]);

/** Lines to add in hash mode, with versions for every supported Python. */
const driverLines = [
  'psycopg2==2.9.10; python_version >= "3.8" --hash=sha256:12ec0b40b0273f95296233e8750441339298e6a572f7039da5b260e3c8b60e11',
  'psycopg2==2.9.6; python_version < "3.8" --hash=sha256:f15158418fd826831b28585e2ab48ed8df2d0d98f502a2b4fe619e7d5ca29011',
];
/** Before 3.1 Django does not recognize UTC in psycopg2 2.9. */
const oldDriverLine =
  "psycopg2==2.8.6 --hash=sha256:fb23f6c71107c37fd667cb4ea363ddeb936b348bbd6449278eb92c189699f543";

/** With hashes pip accepts no package that has none, so the host can't add one. */
function inspectHashes(
  path: string,
  lines: readonly FiledLine[],
  { postgresql, extra }: RequirementNeeds,
): Problem[] {
  if (!lines.some(({ requiresHashes }) => requiresHashes)) return [];
  const problems: Problem[] = [];
  if (extra.length > 0)
    problems.push(
      errorOf({
        subject: "tracks:extraRequirements",
        given: `${extra.join(", ")}, without hashes`,
        found: `hashes in ${path}, with which pip requires them of every package`,
        fix: [`move these into ${path}, with their hashes`],
      }),
    );
  const names = lines.filter(({ constrains }) => !constrains).map(nameOf);
  if (!postgresql || names.some((name) => drivers.has(name))) return problems;
  const django = lines.find((line) => nameOf(line) === "django")?.requirement ?? "";
  const isOld = /==\s*(?:[12]\.|3\.0\b)/.test(django);
  return [
    ...problems,
    errorOf({
      subject: path,
      found: "hashes, and no driver for PostgreSQL",
      fix: ["add:", ...(isOld ? [oldDriverLine] : driverLines)],
      reason: "With hashes the host can't add psycopg2 itself.",
    }),
  ];
}

function nameOf({ requirement }: FiledLine): string {
  return requirement === undefined ? "" : distributionName(requirement);
}

/** Variables that exist on the host, where pip runs. */
const hostVariables = new Set(["HOME", "USER", "LOGNAME", "PATH", "LANG"]);

function inspectVariables({ path, text }: FiledLine): Problem[] {
  return [...text.matchAll(/\$\{([A-Z0-9_]+)\}/g)]
    .map(([, name = ""]) => name)
    .filter((name) => !hostVariables.has(name))
    .map((name) =>
      errorOf({
        subject: path,
        given: `the variable ${name}`,
        found: "no such variable on the host, where pip runs",
        fix: [
          "write its value",
          "or, for a login to a package index, put that into the deployer's ~/.netrc on the host",
        ],
      }),
    );
}

/** A new virtualenv is built only when the source changes, not when a file elsewhere does. */
function inspectElsewhere(lines: readonly FiledLine[]): Problem[] {
  return byPath(lines, ({ included }) =>
    included !== undefined && isRemote(included) ? [shownUrl(included)] : [],
  ).map(([path, urls]) =>
    warningOf({
      subject: path,
      given: `${urls.join(", ")}, outside the source`,
      fix: ["copy their lines into the source"],
      reason: "A change there builds no new virtualenv.",
    }),
  );
}

function inspectDjango(
  path: string,
  asked: readonly FiledLine[],
  problems: readonly Problem[],
): Problem[] {
  const isUnknown =
    problems.length > 0 ||
    asked.some(({ included }) => included !== undefined && isRemote(included));
  if (isUnknown || asked.some((line) => nameOf(line) === "django")) return [];
  return [
    warningOf({
      subject: path,
      found: "no line for Django",
      fix: ["add: Django==VERSION"],
      reason: "Another package's choice decides the version of Django.",
    }),
  ];
}

/** Debian's own package, which its pip lists although no index has it. */
function inspectFrozen({ path, requirement = "" }: FiledLine): Problem[] {
  return /^pkg[-_]resources==0\.0\.0\b/.test(requirement)
    ? [
        errorOf({
          subject: path,
          given: requirement,
          fix: ["remove the line"],
          reason: "No package index has it: Debian's pip freeze writes it by mistake.",
        }),
      ]
    : [];
}

/** One version, and no pattern for several. */
const pin = /===?\s*[^\s,;*]+(?![^,;]*\*)/;

function inspectPins(asked: readonly FiledLine[], lines: readonly FiledLine[]): Problem[] {
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
    warningOf({
      subject: path,
      given: `${loose.join(", ")}, without a version`,
      allowed: "NAME==VERSION",
      reason: "The same file installs other versions on another day.",
    }),
  );
}

/** A branch on a server moves, and the virtualenv stays. */
function inspectReference(line: FiledLine): Problem[] {
  const place = installedFrom(line);
  if (place === undefined || !isRemote(place)) return [];
  const plain = place.replace(/[?#].*$/, "");
  const moves = /^(?:git|hg|svn|bzr)\+/i.test(plain)
    ? !/@(?:[0-9a-f]{7,40}|[^@/]*\d+\.\d+[^@/]*)$/.test(plain)
    : /\/(?:heads\/[^/]*|main|master|develop|trunk|HEAD|latest)\.(?:zip|tar\.gz)$/.test(plain);
  if (!moves) return [];
  return [
    warningOf({
      subject: line.path,
      given: `${shownUrl(place)}, which is a branch`,
      allowed: "a commit, such as @0123abc...",
      reason: "A new commit there builds no new virtualenv.",
    }),
  ];
}

function inspectPasswords(lines: readonly FiledLine[]): Problem[] {
  return byPath(lines, ({ text }) =>
    (text.match(/\w[\w+]*:\/\/\S+/g) ?? []).filter(hasPassword).map(shownUrl),
  ).map(([path, urls]) =>
    warningOf({
      subject: path,
      given: `a password in ${urls.join(", ")}`,
      fix: ["put it into the deployer's ~/.netrc on the host"],
      reason: "Everybody who can read the source can read the password.",
    }),
  );
}

/** Results of a search by file, for the files that have any. */
function byPath(
  lines: readonly FiledLine[],
  find: (line: FiledLine) => readonly string[],
): [string, string[]][] {
  const found = new Map<string, string[]>();
  for (const line of lines)
    for (const one of find(line)) found.set(line.path, [...(found.get(line.path) ?? []), one]);
  return [...found];
}
