import type { SiteStatus } from "../ops/status";

/** A resource that the host has otherwise than it was applied. */
export interface Drift {
  readonly resource: string;
  /** What differs, by name: files, services, packages. Never how it differs. */
  readonly names: readonly string[];
}

/** What a host's drift is about: a text that anybody may read, without a line or a value of the host. */
export function driftOf({ drift }: Pick<SiteStatus, "drift">): Drift[] {
  return drift.map(({ resource, reason }) => {
    // The digest is part of its name on the host alone.
    const name = resource.replace(/-[0-9a-f]{6}$/, "");
    const names = reason.split("\n").map((line) => nameIn(line) ?? name);
    return { resource: name, names: [...new Set(names)] };
  });
}

/** The name in a line such as `/etc/nginx/nginx.conf: content differs`; the host script's probe writes them. */
function nameIn(line: string): string | undefined {
  const forms = [
    /^(\/.+?): /,
    /^(\/.+?) belongs to /,
    /^(.+?) is "/,
    /^the (.+?) (?:was|were|is not) /,
    /^([\w.-]+): /,
  ];
  for (const form of forms) {
    const [, name] = form.exec(line) ?? [];
    if (name !== undefined) return name;
  }
  return undefined;
}

/** How many names, over all resources. */
export function driftCount(drift: readonly Drift[]): number {
  return drift.reduce((sum, { names }) => sum + names.length, 0);
}
