import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type {
  DatabaseFacts,
  DatabaseServer,
  PostgresDatabaseArgs,
} from "../../components/args/PostgresDatabase";
import { type ResolvedDatabase, resolveDatabase } from "../../components/postgres/resolve";
import type { Secret } from "../../host/secret";
import type { Connection } from "../../host/ssh/connection";
import type { ForwardingTarget } from "../../host/ssh/forward";
import type { HostFacts } from "../../host/facts";
import type { DatabaseQuestion } from "../host/survey";
import { HostError } from "../../host/ssh/error";
import { openTunnel, type Tunnel } from "../../host/ssh/tunnel";
import { failingIn } from "../../host/ProblemError";
import { errorOf, inArguments, type Problem, type Terms, warningOf } from "../../host/problem";
import { afterProgram } from "../../host/programEnd";
import { formerServiceRuns } from "../needs";
import { refuse, warn } from "../refuse";
import { compareWithHost, type Existing } from "./compare";
import { addressOf, findOnExternal, type Found } from "./external";
import { type Remembered, rememberedSite, settleGeneration } from "./memory";

type Resolved = ResolvedDatabase<Secret>;

/** Question of the survey about the host's own server; undefined for an external one. */
export function postgresQuestion(wanted: DatabaseServer<Secret>): DatabaseQuestion | undefined {
  const { external, service, binaries, dataDirectory, port } = resolveDatabase(wanted);
  return external === undefined ? { service, binaries, dataDirectory, port } : undefined;
}

/** Target of the tunnel, for the preflight to check; undefined when psql on the host does the work. */
export function postgresForwarding(wanted: DatabaseServer<Secret>): ForwardingTarget | undefined {
  const { external, provisioner, port } = resolveDatabase(wanted);
  if (provisioner === "psql") return undefined;
  return { address: external?.host ?? "127.0.0.1", port: external?.port ?? port };
}

/**
 * Decides how to create the database: compares the arguments of a `PostgresDatabase` with the host's server,
 * or asks the external one, and opens the tunnel that the @pulumi/postgresql provider needs. The tunnel closes
 * when the run is over.
 *
 * @param facts of an `examineHost` whose `survey.database` was {@link postgresQuestion}, and whose `forwarding`
 *   was {@link postgresForwarding}; undefined in a preview of a host that can't be reached
 * @param wanted arguments of the `PostgresDatabase`, with its passwords as {@link Secret}s
 * @param inTerms puts a text that names arguments into the program's own terms. @default leaves it unchanged
 * @returns the arguments of the `PostgresDatabase`, without its host
 * @throws {@link ProblemError} for a stopped server with data, another version, a changed name; in an `up`
 *   also for a password that would lock a running site out
 * @throws {@link HostError} for a server elsewhere that refuses the login, and for a port of the tunnel in use
 * @example
 * ```ts
 * const wanted = { database: "tracks", user: "deployer", version: "15" };
 * const facts = await examineHost(connection, {
 *   survey: {
 *     listenPort: 80,
 *     defaultServer: true,
 *     serverNames: ["docs.example.org"],
 *     paths: [],
 *     database: postgresQuestion(wanted),
 *   },
 *   forwarding: postgresForwarding(wanted),
 * });
 * const host = new Host("host", { connection, facts });
 * const database = new PostgresDatabase(
 *   "database",
 *   { host, ...(await planPostgres(connection, facts, wanted)) },
 *   { dependsOn: packages },
 * );
 * ```
 */
export async function planPostgres(
  connection: Connection,
  facts: HostFacts | undefined,
  wanted: DatabaseServer<Secret>,
  inTerms: Terms = inArguments,
): Promise<Omit<PostgresDatabaseArgs, "host">> {
  const resolved = resolveDatabase(wanted);
  const tunnelPort = resolved.tunnelPort ?? defaultTunnelPort();
  const settled = { ...resolved, tunnelPort, inTerms };
  const found = await failingIn(inTerms, findings(connection, facts, settled));
  const { password, external } = wanted;
  return {
    ...wanted,
    password: password?.output(),
    external: external && { ...external, adminPassword: external.adminPassword.output() },
    found,
  };
}

async function findings(
  connection: Connection,
  facts: HostFacts | undefined,
  settled: Settled,
): Promise<DatabaseFacts> {
  const { external, tunnelPort, inTerms } = settled;
  const isPreview = pulumi.runtime.isDryRun();
  if (settled.encryption === "md5" && external === undefined) {
    const weak = warningOf({
      subject: "PostgresDatabase.version",
      given: `${settled.version}, which stores passwords as md5 only`,
      fix: ["move to a server of version 10 or newer when you can"],
      reason: "md5 is weak.",
    });
    warn([weak], inTerms);
  }
  const remembered = rememberedSite(facts);
  if (external !== undefined) {
    if (isPreview) announceMove(addressOf(external), remembered);
    const found = await findElsewhere(connection, facts, settled, external, remembered);
    refuse(passwordProblems(settled, found.existing, facts, remembered), inTerms);
    // The name has the server's own identifier, where the role may read it.
    const seed = found.server;
    const generation = settleGeneration(found.server, seed, found.existing, remembered);
    if (isPreview && found.existing !== undefined && remembered?.generation !== generation) {
      announceAdoption(settled, found.existing);
    }
    return { tunnelPort, server: found.server, adopt: found.existing ?? nothing, generation };
  }
  const existing = compareWithHost(settled, facts);
  refuse(passwordProblems(settled, existing, facts, remembered), inTerms);
  const server = `127.0.0.1:${settled.port}`;
  if (isPreview) announceMove(server, remembered);
  // Identifies the host: after a reinstallation it has another key.
  const seed = connection.hostKey.line;
  const generation = settleGeneration(server, seed, facts && existing, remembered);
  if (facts === undefined || settled.provisioner === "psql")
    return { tunnelPort, server, generation, adopt: nothing };
  await tunnelTo(connection, settled);
  if (!isPreview) return { tunnelPort, server, generation, adopt: existing };
  // The state has what the stack itself created.
  if (remembered?.generation !== generation) announceAdoption(settled, existing);
  return { tunnelPort, server, generation, adopt: nothing };
}

const nothing = { role: false, database: false } as const;

type Settled = Resolved & { readonly tunnelPort: number; readonly inTerms: Terms };

async function findElsewhere(
  connection: Connection,
  facts: HostFacts | undefined,
  settled: Settled,
  external: NonNullable<Resolved["external"]>,
  remembered: Remembered | undefined,
): Promise<Found> {
  if (facts === undefined) return { existing: undefined, server: addressOf(external) };
  const tunnel = await tunnelTo(connection, settled);
  return findOnExternal(tunnel, settled, external, remembered, settled.inTerms);
}

async function tunnelTo(
  connection: Connection,
  { external, port, tunnelPort, inTerms }: Settled,
): Promise<Tunnel> {
  reservePort(tunnelPort, connection.address);
  const tunnel = await openTunnel(connection, {
    localPort: tunnelPort,
    target: { address: external?.host ?? "127.0.0.1", port: external?.port ?? port },
    warn: (problem) => {
      warn([problem], inTerms);
    },
  });
  // A process that runs several programs, by the Automation API, needs the port for the next one.
  afterProgram(() => {
    tunnel.close();
  });
  return tunnel;
}

/** Ports of the tunnels of each run, which a process may have several of, and the host that each leads to. */
const tunnels = new WeakMap<object, Map<number, string>>();

/** Refuses a port that another host of the same program has: waiting for it would be in vain. */
function reservePort(port: number, address: string): void {
  const run: object | undefined = pulumi.runtime.getMonitor();
  if (run === undefined) return;
  const ports = tunnels.get(run) ?? new Map<number, string>();
  tunnels.set(run, ports);
  const other = ports.get(port);
  if (other !== undefined) {
    throw new HostError("local-port", {
      subject: "PostgresDatabase.tunnelPort",
      given: `${port} for ${address}, where this program has a tunnel to ${other} already`,
      allowed: "another port for each host; the default is the same for all of them",
      fix: [
        "set PostgresDatabase.tunnelPort to another port, 1024 or higher",
        "or call planPostgres once for each host",
      ],
    });
  }
  ports.set(port, address);
}

/** Warns of another server: this program moves no data from one to the other. */
function announceMove(address: string, remembered: Remembered | undefined): void {
  const former = remembered?.server.split("/")[0];
  if (former === undefined || former === address) return;
  warn([
    warningOf({
      subject: "The database moves to another server",
      given: address,
      found: `the site's data on PostgreSQL at ${former}`,
      fix: ["to keep the data, copy them first: pg_dump, then pg_restore"],
      reason: `up uses the database at ${address}, or creates an empty one. The data at ${former} stay there.`,
    }),
  ]);
}

/**
 * A running site of another program that logs in as the role to which `up` would give a generated
 * password, long before the new release replaces that site.
 *
 * @param existing undefined when the server could not be reached
 */
export function passwordProblems(
  { user, password }: Resolved,
  existing: Existing | undefined,
  facts: HostFacts | undefined,
  remembered: Remembered | undefined,
): Problem[] {
  // The state has the password of a role that this stack created.
  const isForeign = existing?.role === true && remembered?.role !== user;
  if (!isForeign || password !== undefined || !facts || !formerServiceRuns(facts)) return [];
  return [
    errorOf({
      subject: "PostgresDatabase.password",
      given: "nothing",
      found: `a running service uwsgi on the host, and the role ${user} (PostgresDatabase.user) in PostgreSQL`,
      allowed: "the password with which that site logs in",
      fix: ["set PostgresDatabase.password to PASSWORD"],
      reason: `up would give ${user} a generated password, and break that site before ours replaces it.`,
    }),
  ];
}

/** A preview does not import: the provider would log in, perhaps with a password that only `up` sets. */
function announceAdoption({ user, database, password, inTerms }: Settled, found: Existing): void {
  const names = [
    ...(found.role ? [`the role ${user}`] : []),
    ...(found.database ? [`the database ${database}`] : []),
  ];
  if (names.length > 0) {
    void pulumi.log.info(
      `PostgreSQL has ${names.join(" and ")}: up adopts them, where this preview shows a create.`,
    );
  }
  if (found.role) {
    const kind = password === undefined ? "a generated one" : inTerms("PostgresDatabase.password");
    void pulumi.log.info(
      `The password of the role ${user} becomes ${kind}: every other program that logs in as ${user} needs it then.`,
    );
  }
}

/** A port that is the same in every run, and most likely differs between the stacks of one machine. */
function defaultTunnelPort(): number {
  const digest = createHash("sha256")
    .update(`${pulumi.getProject()}/${pulumi.getStack()}`)
    .digest();
  return 20_000 + (digest.readUInt32BE(0) % 10_000);
}
