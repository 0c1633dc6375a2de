import type { Difference } from "./difference";
import type { Problem } from "./problem";
import { surveyedProblem } from "./surveyed";

/** One resource of this stack, as the host reported it. */
export interface AppliedResource {
  /** How the host differs from what the resource applied; empty when it does not. */
  readonly drift: readonly Difference[];
  /** The manifest last applied, with its secrets masked; undefined when the host has none. */
  readonly manifest: string[] | undefined;
  /** Number of repairs so far. */
  readonly repair: number;
  /** Login that applied it, such as `root key SHA256:...`. */
  readonly via: string | undefined;
  /**
   * When it last got another manifest, which may differ in a secret alone: no two of them have the same time. UTC, such
   * as `2026-01-31T12:00:00.123456789Z`; undefined where a script of a former version answered.
   */
  readonly changed?: string;
}

/** State of the host as the preflight read it. */
export interface HostFacts {
  /** Name and version of the distribution, such as `CentOS Linux release 7.9.2009 (Core)`. */
  readonly distribution: string;
  /** Facts of the host script's survey by name, such as `init` to `systemd`. */
  readonly facts: ReadonlyMap<string, string>;
  /** Problems that the host script found: errors end an `up`; warnings name what it will replace. */
  readonly problems: readonly Problem[];
  /** Commit that the application's ref names now; undefined while the host can't find out. */
  readonly commit?: string;
  /** Resources of this stack on the host, by their names there. */
  readonly resources: ReadonlyMap<string, AppliedResource>;
}

/** The fact with the SHA-256 of the host's own script, in hex, or `absent`. */
export const installedScriptFact = "installed-script";

/** Reads the output of `survey` and `probe`, where a tab is a line break; ignores lines of other kinds. */
export function parseReport(distribution: string, output: string): HostFacts {
  const facts = new Map<string, string>();
  const problems: Problem[] = [];
  const resources = new Map<string, AppliedResource>();
  const update = (name: string, change: Partial<AppliedResource>): void => {
    resources.set(name, { ...(resources.get(name) ?? unknownResource), ...change });
  };

  let manifest: string[] = [];
  for (const line of output.split("\n")) {
    if (line.startsWith(" ")) {
      manifest.push(line.slice(1));
      continue;
    }
    const problem = surveyedProblem(line);
    if (problem !== undefined) {
      problems.push(problem);
      continue;
    }
    const drifted = driftIn(line);
    if (drifted !== undefined) {
      const [resource, found] = drifted;
      update(resource, { drift: [...(resources.get(resource)?.drift ?? []), ...found] });
      continue;
    }
    const [kind, name = "", rest = ""] = split(line);
    if (kind === "fact") facts.set(name, lines(rest));
    else if (kind === "ok") update(name, {});
    else if (kind === "via") update(name, { via: rest });
    else if (kind === "changed") update(name, { changed: rest });
    else if (kind === "repair") update(name, { repair: Number(rest) || 0 });
    else if (kind === "manifest") {
      manifest = [];
      update(name, { manifest });
    }
  }
  return { distribution, facts, problems, resources };
}

const unknownResource: AppliedResource = {
  drift: [],
  manifest: undefined,
  repair: 0,
  via: undefined,
};

/**
 * The resource that differs, and how, from a line `drift RESOURCE<tab>NAME<tab>REASON`; undefined for any other line.
 *
 * A script of a former version, which the host has until the next `up`, has a blank in place of the first tab, and no
 * names: only reasons, with tabs between them.
 */
function driftIn(line: string): [resource: string, drift: Difference[]] | undefined {
  const [, resource, mark, rest] = /^drift (\S+)([\t ])(.*)$/.exec(line) ?? [];
  if (resource === undefined || rest === undefined) return undefined;
  if (mark === " ") {
    return [resource, rest.split("\t").map((reason) => ({ name: undefined, reason }))];
  }
  const [name = "", ...reason] = rest.split("\t");
  return [resource, [{ name: name === "" ? undefined : name, reason: reason.join("\n") }]];
}

function lines(text: string): string {
  return text.replaceAll("\t", "\n");
}

/** The first two words of a line, and its rest. */
function split(line: string): string[] {
  return /^(\S+)(?: (\S+))?(?: (.*))?$/.exec(line)?.slice(1) ?? [];
}
