import { isIP } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import { type ExternalServer, firstWithProvider } from "../../components/args/PostgresDatabase";
import type { ResolvedDatabase } from "../../components/postgres/resolve";
import { HostError, isRefusal } from "../../host/ssh/error";
import type { Terms } from "../../host/problem";
import type { Secret } from "../../host/secret";
import { type PostgresAnswer, proveLogin } from "./login";
import { waysOf } from "../../host/ssh/postgresTls";
import type { Tunnel } from "../../host/ssh/tunnel";
import { databaseError, type Existing, refuseFormerNames } from "./compare";
import type { Remembered } from "./memory";
import { isSupported, supportedVersions } from "./versions";

/** What of the site an external server has. */
export interface Found {
  /** Undefined when the server could not be reached. */
  readonly existing: Existing | undefined;
  /** Identifies the server, and its data. */
  readonly server: string;
}

/**
 * Asks the external server, as its administrator, what of the site it has. Afterwards the tunnel has
 * the encryption that the server accepted.
 *
 * In a preview a server that can't be reached is a warning.
 *
 * @param inTerms terms of that warning
 * @throws {@link HostError} when it refuses the login or the encryption; {@link ProblemError} when it has
 * another version, or has the site's data under a former name
 */
export async function findOnExternal(
  tunnel: Tunnel,
  settings: ResolvedDatabase<Secret>,
  external: ExternalServer<Secret>,
  remembered: Remembered | undefined,
  inTerms: Terms,
): Promise<Found> {
  const { user, database } = settings;
  const address = addressOf(external);
  let answer: PostgresAnswer;
  try {
    answer = await logIn(tunnel, external, {
      roles: [user, ...(remembered ? [remembered.role] : [])],
      databases: [database, ...(remembered ? [remembered.database] : [])],
    });
  } catch (error) {
    if (!pulumi.runtime.isDryRun() || !(error instanceof HostError) || isRefusal(error))
      throw error;
    void pulumi.log.warn(
      `This preview knows nothing of the external PostgreSQL:\n${error.reword(inTerms).message}`,
    );
    return { existing: undefined, server: address };
  }
  checkVersion(settings, address, answer);
  const isSame = remembered?.server.split("/")[0] === address;
  if (isSame) {
    const { host, port, adminUser } = external;
    const command = `psql -h ${host} -p ${port} -U ${adminUser} -d postgres`;
    refuseFormerNames(settings, remembered, answer, { command, where: "on the host" });
  }
  return {
    existing: { role: answer.roles.has(user), database: answer.databases.has(database) },
    server:
      answer.systemIdentifier === undefined ? address : `${address}/${answer.systemIdentifier}`,
  };
}

/** Host and port of a server, in one word. */
export function addressOf({ host, port }: ExternalServer<Secret>): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Logs in, with or without encryption as the mode allows: after a refusal it tries the other, as libpq does. */
async function logIn(
  tunnel: Tunnel,
  { host, port, adminUser, adminPassword, sslMode, authorities }: ExternalServer<Secret>,
  questions: Parameters<typeof proveLogin>[2],
): Promise<PostgresAnswer> {
  const ways = waysOf(sslMode, { host, port, authorities });
  for (const [index, way] of ways.entries()) {
    tunnel.encrypt(way);
    try {
      return await proveLogin(tunnel, { user: adminUser, password: adminPassword }, questions);
    } catch (error) {
      if (index === ways.length - 1 || !mayTryAnother(error)) throw error;
    }
  }
  throw new Error(`no way to connect in the mode ${sslMode}`);
}

function mayTryAnother(error: unknown): boolean {
  return error instanceof HostError && ["tls-absent", "postgresql-unlisted"].includes(error.kind);
}

function checkVersion(
  { version }: ResolvedDatabase<Secret>,
  address: string,
  { version: found }: PostgresAnswer,
): void {
  if (found === version) return;
  const anotherServer = "set PostgresDatabase.external.host to ADDRESS   (uses another server)";
  const problem = {
    subject: "PostgresDatabase.version",
    given: version,
    found: `PostgreSQL ${found} at ${address}`,
  };
  if (Number(found) < firstWithProvider) {
    throw databaseError({
      ...problem,
      allowed: `version ${firstWithProvider} and newer, which the @pulumi/postgresql provider supports`,
      fix: ["upgrade the server", `or ${anotherServer}`],
    });
  }
  throw databaseError(
    isSupported(found)
      ? { ...problem, fix: [`set PostgresDatabase.version to ${found}`] }
      : { ...problem, allowed: `version ${supportedVersions}`, fix: [anotherServer] },
  );
}
