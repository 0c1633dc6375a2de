import { isIP } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import { type ExternalServer, firstWithProvider } from "../../components/args/PostgresDatabase";
import type { ResolvedDatabase } from "../../components/postgres/resolve";
import { HostError } from "../../host/ssh/error";
import type { Secret } from "../../host/secret";
import { type PostgresAnswer, PostgresLoginError, proveLogin } from "./login";
import { PostgresTlsError, waysOf } from "../../host/ssh/postgresTls";
import type { Tunnel } from "../../host/ssh/tunnel";
import { type Existing, refuseFormerNames } from "./compare";
import type { Remembered } from "./memory";
import { isSupported, PostgresError, supportedVersions } from "./PostgresError";

/** What is found on an external server. */
export interface Found {
  /** Undefined when it could not be asked. */
  readonly existing: Existing | undefined;
  /** The server, in words that tell it from others, and from itself made anew. */
  readonly server: string;
}

/**
 * Asks the external server, as its administrator, what of the site it has. The tunnel is left with
 * the encryption that the server took.
 *
 * In a preview a server that can't be reached is a warning: then nothing is known to exist.
 *
 * @throws {@link PostgresLoginError}, {@link PostgresTlsError} when it lets nobody in like that,
 * {@link PostgresError} when it is of another version, or has the site's data under a former name
 */
export async function findOnExternal(
  tunnel: Tunnel,
  settings: ResolvedDatabase<Secret>,
  external: ExternalServer<Secret>,
  remembered: Remembered | undefined,
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
    if (!pulumi.runtime.isDryRun() || !(error instanceof HostError)) throw error;
    void pulumi.log.warn(
      `${error.message} What the external PostgreSQL has was not compared with this preview.`,
    );
    return { existing: undefined, server: address };
  }
  checkVersion(settings, address, answer);
  const isSame = remembered?.server.split("/")[0] === address;
  if (isSame) {
    const { host, port, adminUser } = external;
    const psql = `psql -h ${host} -p ${port} -U ${adminUser} -d postgres`;
    refuseFormerNames(settings, remembered, answer, psql);
  }
  return {
    existing: { role: answer.roles.has(user), database: answer.databases.has(database) },
    server:
      answer.systemIdentifier === undefined ? address : `${address}/${answer.systemIdentifier}`,
  };
}

/** Host and port in one word. */
export function addressOf({ host, port }: ExternalServer<Secret>): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Logs in, encrypted or not as mode and server allow: as libpq does, a refusal tries the other. */
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
  return (
    (error instanceof PostgresTlsError && error.reason === "absent") ||
    (error instanceof PostgresLoginError && error.unlisted)
  );
}

function checkVersion(
  { version }: ResolvedDatabase<Secret>,
  address: string,
  { version: found }: PostgresAnswer,
): void {
  if (found === version) return;
  const mend =
    Number(found) < firstWithProvider
      ? `It is older than the @pulumi/postgresql provider supports, which is ${firstWithProvider} and newer: upgrade it, or set tracks:postgresHost to another server.`
      : isSupported(found)
        ? `Say what is there: pulumi config set tracks:postgresVersion ${found}`
        : `Supported are ${supportedVersions}: set tracks:postgresHost to another server.`;
  throw new PostgresError(
    `PostgreSQL at ${address} is version ${found}, tracks:postgresVersion is ${version}. ${mend}`,
  );
}
