import { createHash } from "node:crypto";
import type { HostFacts } from "../../host/facts";
import type { PostgresqlSiteEntry } from "../../host/manifest/manifest";
import type { Existing } from "./compare";

/** The database that the stack created last, on whichever server, as the host remembers it. */
export type Remembered = Omit<PostgresqlSiteEntry, "kind">;

/** Reads it from the manifests on the host; undefined for a new host or a new stack. */
export function rememberedSite(facts: HostFacts | undefined): Remembered | undefined {
  for (const { manifest } of facts?.resources.values() ?? []) {
    for (const line of manifest ?? []) {
      const [, database, role, server, generation] =
        /^postgresql-site (\S+) role=(\S+) server=(\S+) generation=(\S+)$/.exec(line) ?? [];
      if (database && role && server && generation) return { database, role, server, generation };
    }
  }
  return undefined;
}

/**
 * Chooses the generation of role and database: a few characters in the names of their resources.
 *
 * The stack's state has them even when the server is now another one, or was recreated and is empty. A
 * new generation makes them new resources, which the provider creates, or imports where they exist;
 * the former ones leave the state, and nothing is dropped. The generation stays the same as long
 * as the host remembers it for this server, and the server has both.
 *
 * @param server identifies the server, as in {@link Remembered}
 * @param seed differs from server to server, and is known even when the server can't be reached
 * @param existing undefined when the server could not be reached: then both count as existing
 */
export function settleGeneration(
  server: string,
  seed: string,
  existing: Existing | undefined,
  remembered: Remembered | undefined,
): string {
  const isIntact =
    existing === undefined || (remembered?.server === server && existing.role && existing.database);
  if (remembered !== undefined && isIntact) return remembered.generation;
  // A generation is never used again: after a failed run the state still has its resources.
  return digest(remembered === undefined ? seed : `${seed} ${remembered.generation}`);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 6);
}
