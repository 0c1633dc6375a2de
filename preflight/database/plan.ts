import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type {
  DatabaseFindings,
  DatabaseServer,
  PostgresDatabaseArgs,
} from "../../components/args/PostgresDatabase";
import { type ResolvedDatabase, resolveDatabase } from "../../components/postgres/resolve";
import type { Secret } from "../../host/secret";
import type { Connection } from "../../host/ssh/connection";
import type { ForwardingTarget } from "../../host/ssh/forward";
import type { HostFacts } from "../../host/facts";
import type { DatabaseQuestion } from "../host/survey";
import { openTunnel, type Tunnel } from "../../host/ssh/tunnel";
import { failingInStackKeys, inStackKeys } from "../../settings/argumentKeys";
import { formerServiceRuns, refuse } from "../obstacles";
import { compareWithHost, type Existing } from "./compare";
import { addressOf, findOnExternal, type Found } from "./external";
import { type Remembered, rememberedSite, settleGeneration } from "./memory";

type Resolved = ResolvedDatabase<Secret>;

/** What the preflight's survey has to ask for these settings; undefined for an external server. */
export function postgresQuestion(settings: DatabaseServer<Secret>): DatabaseQuestion | undefined {
  const { external, service, binaries, dataDirectory, port } = resolveDatabase(settings);
  return external === undefined ? { service, binaries, dataDirectory, port } : undefined;
}

/** Where the tunnel leads, for the preflight to check; undefined when psql on the host does the work. */
export function postgresForwarding(settings: DatabaseServer<Secret>): ForwardingTarget | undefined {
  const { external, provisioner, port } = resolveDatabase(settings);
  if (provisioner === "psql") return undefined;
  return { address: external?.host ?? "127.0.0.1", port: external?.port ?? port };
}

/**
 * Settles how the database is made: compares the settings with what the preflight found on the
 * host, or asks the external server, and opens the tunnel that the provider needs.
 *
 * @param facts answer of a preflight that was given {@link postgresQuestion}; undefined when the
 *   host can't be reached, in a preview
 * @throws {@link PostgresError} for what must be mended first: a stopped server with data, another
 *   version, a changed name; `ObstacleError` in an `up` that would lock a running site out
 */
export async function planPostgres(
  connection: Connection,
  facts: HostFacts | undefined,
  settings: DatabaseServer<Secret>,
): Promise<Omit<PostgresDatabaseArgs, "host">> {
  const resolved = resolveDatabase(settings);
  const found = await findings(connection, facts, {
    ...resolved,
    tunnelPort: resolved.tunnelPort ?? defaultTunnelPort(),
  });
  const { password, external } = settings;
  return {
    ...settings,
    password: password?.output(),
    external: external && { ...external, adminPassword: external.adminPassword.output() },
    found,
  };
}

async function findings(
  connection: Connection,
  facts: HostFacts | undefined,
  settled: Settled,
): Promise<DatabaseFindings> {
  const { external, tunnelPort } = settled;
  const isPreview = pulumi.runtime.isDryRun();
  if (settled.encryption === "md5" && external === undefined) {
    void pulumi.log.warn(
      `PostgreSQL ${settled.version} keeps passwords as md5 only, which is weak: move to a newer server when you can.`,
    );
  }
  const remembered = rememberedSite(facts);
  if (external !== undefined) {
    if (isPreview) announceMove(addressOf(external), remembered);
    const found = await findElsewhere(connection, facts, settled, external, remembered);
    refuse(passwordObstacles(settled, found.existing, facts, remembered));
    // Its own identifier is in the name, where it could be asked.
    const seed = found.server;
    const generation = settleGeneration(found.server, seed, found.existing, remembered);
    if (isPreview && found.existing !== undefined && remembered?.generation !== generation) {
      announceAdoption(settled, found.existing);
    }
    return { tunnelPort, server: found.server, adopt: found.existing ?? nothing, generation };
  }
  const existing = compareWithHost(settled, facts);
  refuse(passwordObstacles(settled, existing, facts, remembered));
  const server = `127.0.0.1:${settled.port}`;
  if (isPreview) announceMove(server, remembered);
  // What a host is known by: one that was made anew has another key.
  const seed = connection.hostKey.line;
  const generation = settleGeneration(server, seed, facts && existing, remembered);
  if (facts === undefined || settled.provisioner === "psql")
    return { tunnelPort, server, generation, adopt: nothing };
  await tunnelTo(connection, settled);
  if (!isPreview) return { tunnelPort, server, generation, adopt: existing };
  // What the stack itself made is in its state, and no news.
  if (remembered?.generation !== generation) announceAdoption(settled, existing);
  return { tunnelPort, server, generation, adopt: nothing };
}

const nothing = { role: false, database: false } as const;

type Settled = Resolved & { readonly tunnelPort: number };

async function findElsewhere(
  connection: Connection,
  facts: HostFacts | undefined,
  settled: Settled,
  external: NonNullable<Resolved["external"]>,
  remembered: Remembered | undefined,
): Promise<Found> {
  if (facts === undefined) return { existing: undefined, server: addressOf(external) };
  const tunnel = await tunnelTo(connection, settled);
  return findOnExternal(tunnel, settled, external, remembered);
}

function tunnelTo(
  connection: Connection,
  { external, port, tunnelPort }: Settled,
): Promise<Tunnel> {
  const tunnel = openTunnel(connection, {
    localPort: tunnelPort,
    target: { address: external?.host ?? "127.0.0.1", port: external?.port ?? port },
    warn: (message) => void pulumi.log.warn(inStackKeys(message)),
  });
  return failingInStackKeys(tunnel);
}

/** Another server begins with what it has: nothing here carries data from one to the other. */
function announceMove(address: string, remembered: Remembered | undefined): void {
  const former = remembered?.server.split("/")[0];
  if (former === undefined || former === address) return;
  void pulumi.log.warn(
    `The site's data are on PostgreSQL at ${former}, and the configuration says ${address}: up uses what is there, or makes an empty database. Nothing is taken along: to keep the data, dump them (pg_dump) and restore them there first. What is at ${former} stays.`,
  );
}

/**
 * A site of somebody's that runs, and logs in as the role that `up` would give a generated password:
 * long before the new release takes its place, if it ever does.
 *
 * @param existing undefined when it could not be asked
 */
export function passwordObstacles(
  { user, password }: Resolved,
  existing: Existing | undefined,
  facts: HostFacts | undefined,
  remembered: Remembered | undefined,
): string[] {
  // What this stack made, it made with a password that the state still has.
  const isForeign = existing?.role === true && remembered?.role !== user;
  if (!isForeign || password !== undefined || !facts || !formerServiceRuns(facts)) return [];
  return [
    `the host's service uwsgi runs, and PostgreSQL has the role ${user} (tracks:databaseUser), which would get a generated password: a site that logs in as ${user} would break before ours takes its place. Give the password that it logs in with: pulumi config set --secret tracks:databasePassword`,
  ];
}

/** An import would make the provider log in while previewing, with a password that up may still have to set. */
function announceAdoption({ user, database, password }: Resolved, found: Existing): void {
  const names = [
    ...(found.role ? [`the role ${user}`] : []),
    ...(found.database ? [`the database ${database}`] : []),
  ];
  if (names.length > 0) {
    void pulumi.log.info(
      `PostgreSQL has ${names.join(" and ")}: up adopts what exists, where this preview says create.`,
    );
  }
  if (found.role) {
    const kind = password === undefined ? "a generated one" : "tracks:databasePassword";
    void pulumi.log.info(
      `The password of the role ${user} becomes ${kind}: whatever else logs in as ${user} needs it then.`,
    );
  }
}

/** The same in every run, and likely another for another stack on the same machine. */
function defaultTunnelPort(): number {
  const digest = createHash("sha256")
    .update(`${pulumi.getProject()}/${pulumi.getStack()}`)
    .digest();
  return 20_000 + (digest.readUInt32BE(0) % 10_000);
}
