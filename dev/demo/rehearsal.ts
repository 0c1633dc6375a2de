import { parse, stringify } from "yaml";
import type { Component } from "../../settings/key";
import { fullName, keyNames, keys } from "../../settings/schema";

/** Components whose settings a rehearsal never takes from production: host and login. */
const elsewhere: readonly Component[] = ["Host", "Bastion"];

/** Settings that name production's own servers, which a rehearsal must not use. */
const ofProduction = [
  "sourceUrl",
  "sourceRef",
  "sourceHostKey",
  "postgresHost",
  "postgresPort",
  "postgresAdminUser",
  "postgresSslMode",
  "postgresCaFile",
  "migrationDump",
  "migrationConfirm",
] as const;

/** Settings with which the rehearsal deploys the sample in place of production's application. */
const sample = {
  sourceFolder: "dev/sample/tracks",
  migrationDump: "dev/sample/tracks_redirect.json",
  healthCheckPath: "/healthz/",
} as const;

/**
 * Stack file of a rehearsal: production's settings on a lab host, with the sample application.
 *
 * Leaves out secrets: the lab and the program generate others.
 *
 * @param production text of Pulumi.production.yaml
 */
export function rehearsalSettings(production: string): string {
  const { config } = parse(production) as { config?: Record<string, unknown> | null };
  const left = new Set<string>([
    ...ofProduction.map(fullName),
    ...keyNames
      .filter((name) => keys[name].secret || elsewhere.includes(keys[name].component))
      .map(fullName),
  ]);
  const taken = Object.entries(config ?? {}).filter(([name]) => !left.has(name));
  const settings = {
    ...Object.fromEntries(taken),
    [fullName("host")]: "lab",
    [fullName("rehearsal")]: true,
    ...Object.fromEntries(
      Object.entries(sample).map(([name, value]) => [fullName(name), value] as const),
    ),
  };
  return `# Made by \`npm run demo\` from Pulumi.production.yaml, and recreated by its next run.\n${stringify({ config: settings })}`;
}
