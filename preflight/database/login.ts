import type { Duplex } from "node:stream";
import type { Client } from "pg";
import type { Secret } from "../../host/secret";
import { Deadline } from "../../host/ssh/deadline";
import { HostError, type HostErrorKind } from "../../host/ssh/error";
import type { Tunnel } from "../../host/ssh/tunnel";

/** A role that logs in to PostgreSQL. */
export interface PostgresLogin {
  readonly user: string;
  readonly password: Secret;
  /** @default "postgres" */
  readonly database?: string;
}

/** Roles and databases to look for after the login. */
export interface PostgresQuestions {
  /** Names of roles. */
  readonly roles: readonly string[];
  /** Names of databases. */
  readonly databases: readonly string[];
}

/** A server's answer after a login. */
export interface PostgresAnswer {
  /** Major version, as in the configuration: `15`, or `9.6`. */
  readonly version: string;
  /** Identifies the server's data; undefined where the role may not read it. */
  readonly systemIdentifier: string | undefined;
  /** The roles in question that exist. */
  readonly roles: ReadonlySet<string>;
  /** The databases in question that exist. */
  readonly databases: ReadonlySet<string>;
}

/** Seconds for the login and the queries together. */
const patience = 10;

/**
 * Logs in to PostgreSQL through the tunnel, and finds out what exists there.
 *
 * It does so while the program runs, in a preview too: an import makes the provider connect even in a
 * preview, so the program imports only after this login.
 *
 * @throws {@link HostError} when the tunnel fails (kind `target`: nothing listens), or the server refuses the
 * role (kinds `postgresql-login` and `postgresql-unlisted`)
 */
export async function proveLogin(
  tunnel: Tunnel,
  login: PostgresLogin,
  questions: PostgresQuestions,
): Promise<PostgresAnswer> {
  const channel = await tunnel.connect();
  // Loaded here, since few sites have a server elsewhere.
  const { Client } = await import("pg");
  const client = new Client({
    user: login.user,
    password: login.password.reveal(),
    database: login.database ?? "postgres",
    application_name: "tracks",
    // The tunnel encrypts; otherwise pg would follow PGSSLMODE of this environment.
    ssl: false,
    // pg calls `connect` on it and waits for the event, as with its own socket.
    stream: () => asSocket(channel),
  });
  // An error of a client that nobody listens to would end the program.
  client.on("error", () => undefined);
  try {
    // Neither the tunnel nor pg's own timers keep the program alive while it waits.
    return await new Deadline(patience).race(
      ask(client, questions),
      () => new Error(`no answer within ${patience} s`),
    );
  } catch (error) {
    throw explain(login, tunnel.isEncrypted, error);
  } finally {
    channel.destroy();
  }
}

async function ask(
  client: Client,
  { roles, databases }: PostgresQuestions,
): Promise<PostgresAnswer> {
  await client.connect();
  const { rows } = await client.query<{ version: number; roles: string[]; databases: string[] }>(
    `SELECT current_setting('server_version_num')::int AS version,
            ARRAY(SELECT rolname::text FROM pg_catalog.pg_roles WHERE rolname = ANY($1)) AS roles,
            ARRAY(SELECT datname::text FROM pg_catalog.pg_database WHERE datname = ANY($2)) AS databases`,
    [roles, databases],
  );
  const [row] = rows;
  return {
    version: majorVersion(row?.version ?? 0),
    systemIdentifier: await systemIdentifier(client),
    roles: new Set(row?.roles),
    databases: new Set(row?.databases),
  };
}

/** From 10 on the first number is the major version. */
function majorVersion(number: number): string {
  const [first, second] = [Math.floor(number / 10_000), Math.floor(number / 100) % 100];
  return first >= 10 ? String(first) : `${first}.${second}`;
}

/** Some hosting providers let no role read it. */
async function systemIdentifier(client: Client): Promise<string | undefined> {
  try {
    const { rows } = await client.query<{ id: string }>(
      "SELECT system_identifier::text AS id FROM pg_catalog.pg_control_system()",
    );
    return rows[0]?.id;
  } catch {
    return undefined;
  }
}

function asSocket(stream: Duplex): Duplex {
  return Object.assign(stream, {
    setNoDelay: () => stream,
    setKeepAlive: () => stream,
    ref: () => stream,
    unref: () => stream,
    connect: () => {
      setImmediate(() => stream.emit("connect"));
      return stream;
    },
  });
}

/** SQLSTATE of a connection that pg_hba.conf doesn't list. */
const unlistedState = "28000";

/** Explains a failed login by its SQLSTATE: those that begin with 28 are refused logins. */
function explain(login: PostgresLogin, isEncrypted: boolean, error: unknown): HostError {
  const said = error instanceof Error ? error.message : String(error);
  const reason = said.replaceAll(login.password.reveal(), "[secret]");
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const kind: HostErrorKind =
    code === unlistedState
      ? "postgresql-unlisted"
      : code.startsWith("28")
        ? "postgresql-login"
        : "postgresql-failed";
  return new HostError(kind, {
    subject: `The role ${login.user} can't log in to the PostgreSQL database ${login.database ?? "postgres"}`,
    fix:
      kind === "postgresql-unlisted" && !isEncrypted
        ? [
            'set PostgresDatabase.external.sslMode to "verify-full"   (or verify-ca or require, where pg_hba.conf has hostssl lines only)',
          ]
        : undefined,
    reason,
  });
}
