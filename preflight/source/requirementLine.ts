/** One line of a requirements file. */
export interface RequirementLine {
  readonly text: string;
  /** The requirement, also of an editable one; undefined for a line of options. */
  readonly requirement: string | undefined;
  readonly isEditable: boolean;
  /** File that the line includes, as written there. */
  readonly included: string | undefined;
  readonly isConstraint: boolean;
  /** Path or URL to search for packages, as written there. */
  readonly findLinks: string | undefined;
  readonly requiresHashes: boolean;
}

/** pip's options of a line that take a value. */
const withValue = [
  "requirement",
  "constraint",
  "editable",
  "find-links",
  "index-url",
  "extra-index-url",
  "hash",
  "no-binary",
  "only-binary",
  "trusted-host",
  "use-feature",
  "global-option",
  "install-option",
  "config-settings",
] as const;
const flags = ["no-index", "pre", "prefer-binary", "require-hashes"] as const;
type Option = (typeof withValue)[number] | (typeof flags)[number];
const letters: Readonly<Record<string, Option>> = {
  r: "requirement",
  c: "constraint",
  e: "editable",
  f: "find-links",
  i: "index-url",
  C: "config-settings",
};

/** @param text a line of logicalLines() */
export function parseRequirementLine(text: string): RequirementLine {
  const words = text.split(" ");
  const at = words.findIndex((word) => word.startsWith("-"));
  const requirement = words.slice(0, at < 0 ? undefined : at).join(" ");
  const options = parseOptions(at < 0 ? "" : words.slice(at).join(" "));
  const isOption = requirement === "" && !options.has("editable");
  return {
    text,
    requirement: isOption ? undefined : requirement || options.get("editable"),
    isEditable: requirement === "" && !isOption,
    included: isOption ? (options.get("requirement") ?? options.get("constraint")) : undefined,
    isConstraint: !options.has("requirement"),
    findLinks: isOption ? options.get("find-links") : undefined,
    requiresHashes: options.has("require-hashes") || (requirement !== "" && options.has("hash")),
  };
}

/** The first value of each option. */
function parseOptions(text: string): Map<Option, string> {
  const words = [...text.matchAll(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/g)].map(([word]) =>
    word.replace(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/g, (_, ...parts: (string | undefined)[]) =>
      String(parts.slice(0, 3).find((part) => part !== undefined)),
    ),
  );
  const options = new Map<Option, string>();
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const [, long, short = "", value] = /^(?:--([^=]+)|-(\w))(?:=?([^]*))$/.exec(word) ?? [];
    const name = long === undefined ? letters[short] : longOption(long);
    if (name === undefined) continue;
    const takesValue = (withValue as readonly string[]).includes(name);
    const given = takesValue ? value || words.shift() || "" : "";
    if (!options.has(name)) options.set(name, given);
  }
  return options;
}

/** pip accepts an unambiguous abbreviation of an option. */
function longOption(name: string): Option | undefined {
  const all: readonly Option[] = [...withValue, ...flags];
  const found = all.filter((option) => option.startsWith(name));
  return all.find((option) => option === name) ?? (found.length === 1 ? found[0] : undefined);
}

/** `name [extras] @ place` */
const direct = /^[A-Za-z0-9][\w.-]*\s*(?:\[[^\]]*\])?\s*@\s*(.*)$/;
const scheme = /^(?!file:)(?:[a-z][a-z0-9+.-]*:\/\/|(?:git|hg|svn|bzr)\+)/i;
const archive = /\.(?:whl|zip|tar|tar\.gz|tgz|tar\.bz2|tbz|tar\.xz|txz|tar\.lz|tlz|tar\.lzma)$/i;

/** Whether a URL or path is on a server rather than in the source. */
export function isRemote(place: string): boolean {
  return scheme.test(place);
}

/** Normalized name of the package of a requirement; of a URL by its egg or file; "" where it has none. */
export function distributionName(requirement: string): string {
  const egg = /[#&]egg=([\w.-]+)/.exec(requirement);
  const file = /(?:^|\/)([A-Za-z0-9][\w.]*(?:-[A-Za-z_][\w.]*)*)-\d[^/]*$/;
  const name =
    egg ??
    (direct.test(requirement) ? null : file.exec(requirement)) ??
    /^([A-Za-z0-9][\w.-]*)/.exec(requirement);
  return (name?.[1] ?? "").replace(/[-_.]+/g, "-").toLowerCase();
}

/** URL or path from which a requirement installs, as written there; undefined for a name alone. */
export function installedFrom({
  requirement = "",
  isEditable,
}: RequirementLine): string | undefined {
  const named = direct.exec(requirement)?.[1];
  const place = (named ?? requirement).replace(/\s*;.*$/, "").trim();
  if (isRemote(place)) return place;
  const path = place.replace(/(\[[^\]]*\])?(#.*)?$/, "");
  if (/^file:/i.test(path)) return path.slice(5).replace(/^\/\/(localhost)?(?=\/)/i, "");
  const isPath =
    isEditable ||
    named !== undefined ||
    path.startsWith(".") ||
    path.includes("/") ||
    archive.test(path);
  return isPath ? path : undefined;
}
