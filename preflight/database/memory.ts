import { createHash } from "node:crypto";
import type { HostFacts } from "../../host/facts";
import type { PostgresqlSiteEntry } from "../../host/manifest/manifest";
import type { Existing } from "./compare";

/** What the host remembers of the database that the stack made last, wherever it is. */
export type Remembered = Omit<PostgresqlSiteEntry, "kind">;

/** Reads it from the manifests that the host keeps; undefined for a new host, or a new stack. */
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
 * Settles the generation of role and database: a few characters in the names of their resources.
 *
 * The state of a stack says that they exist, also when the server is another by now, or was made
 * anew and is empty. A new generation makes them new resources, which are made or, where they do
 * exist, imported; the former ones leave the state, and nothing is dropped. It is the same as long
 * as the host remembers it for this server, and the server has both.
 *
 * @param server the server, in words that tell it from others: as {@link Remembered} has it
 * @param seed what is another for another server, and known while none can be asked
 * @param existing undefined when it could not be asked: nothing is taken for missing
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
  // Never one that was in use before: after a run that failed, the state still has its resources.
  return digest(remembered === undefined ? seed : `${seed} ${remembered.generation}`);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 6);
}
