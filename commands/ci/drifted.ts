import type { SiteStatus } from "../ops/siteStatus";

/** A resource that the host has otherwise than it was applied. */
export interface Drift {
  readonly resource: string;
  /** What differs, by name: files, services, packages. Never how it differs. */
  readonly names: readonly string[];
}

/** What a host's drift is about: a text that anybody may read, without a line or a value of the host. */
export function driftOf({ drift }: Pick<SiteStatus, "drift">): Drift[] {
  return drift.map(({ resource, differences }) => {
    // The digest is part of its name on the host alone.
    const itself = resource.replace(/-[0-9a-f]{6}$/, "");
    const names = differences.map(({ name }) => name ?? itself);
    return { resource: itself, names: [...new Set(names)] };
  });
}

/** How many names, over all resources. */
export function driftCount(drift: readonly Drift[]): number {
  return drift.reduce((sum, { names }) => sum + names.length, 0);
}
