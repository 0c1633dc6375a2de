import type { Duplex } from "node:stream";
import type { Client } from "pg";
import type { Secret } from "../../host/secret";
import { Deadline } from "../../host/ssh/deadline";
import { UserError } from "../../host/userError";
import type { Tunnel } from "../../host/ssh/tunnel";
import { failingInStackKeys } from "../../settings/argumentKeys";

/** A role that logs in to PostgreSQL. */
export interface PostgresLogin {
  readonly user: string;
  readonly password: Secret;
  /** @default "postgres" */
  readonly database?: string;
}

/** What is asked beside the login. */
export interface PostgresQuestions {
  /** Names of roles. */
  readonly roles: readonly string[];
  /** Names of databases. */
  readonly databases: readonly string[];
}

/** What a server said to a login that it let in. */
export interface PostgresAnswer {
  /** Its major version, as the configuration names it: `15`, or `9.6`. */
  readonly version: string;
  /** What tells its data from another server's; undefined where the role may not know. */
  readonly systemIdentifier: string | undefined;
  /** Those of the roles asked for that exist. */
  readonly roles: ReadonlySet<string>;
  /** Those of the databases asked for that exist. */
  readonly databases: ReadonlySet<string>;
}

/** A login that the server doesn't let in; `refused` tells that from every other fault. */
export class PostgresLoginError extends UserError {
  constructor(
    /** Whether role or password were the reason, or the server's pg_hba.conf. */
    readonly refused: boolean,
    /** Whether it was pg_hba.conf, which may say otherwise of a connection that is encrypted, or isn't. */
    readonly unlisted: boolean,
    message: string,
  ) {
    super("PostgresLoginError", message);
  }
}

/** Seconds for the login and the questions together. */
const patience = 10;

/**
 * Logs in to PostgreSQL through the tunnel, and asks what exists there.
 *
 * While the program runs, in a preview too: an import of what exists may be planned only after
 * this went well, since it makes the provider connect even in a preview.
 *
 * @throws {@link HostError} when the tunnel doesn't get through (kind `target`: nothing listens),
 * {@link PostgresLoginError} when the server doesn't let the role in
 */
export async function proveLogin(
  tunnel: Tunnel,
  login: PostgresLogin,
  questions: PostgresQuestions,
): Promise<PostgresAnswer> {
  const channel = await failingInStackKeys(tunnel.connect());
  // Few sites have a server elsewhere that is asked from here.
  const { Client } = await import("pg");
  const client = new Client({
    user: login.user,
    password: login.password.reveal(),
    database: login.database ?? "postgres",
    application_name: "tracks",
    // The tunnel encrypts; else PGSSLMODE of whoever deploys would count.
    ssl: false,
    // pg calls `connect` on it and waits for the event, as of a socket of its own.
    stream: () => asSocket(channel),
  });
  // An error of a client that nobody listens to would end the program.
  client.on("error", () => undefined);
  try {
    // Nothing of the tunnel keeps the program from ending, and pg's own timers don't either.
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

/** Some providers of servers let nobody ask for it. */
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

/** SQLSTATE of a login that pg_hba.conf doesn't list. */
const unlistedState = "28000";

/** Classes of SQLSTATE: 28 is a refused login. */
function explain(login: PostgresLogin, isEncrypted: boolean, error: unknown): PostgresLoginError {
  const said = error instanceof Error ? error.message : String(error);
  const reason = said.replaceAll(login.password.reveal(), "[secret]");
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const unlisted = code === unlistedState;
  const mend =
    unlisted && !isEncrypted
      ? " Where its pg_hba.conf lets encrypted connections in only (hostssl), set tracks:postgresSslMode to verify-full, verify-ca or require."
      : "";
  return new PostgresLoginError(
    code.startsWith("28"),
    unlisted,
    `PostgreSQL doesn't let the role ${login.user} log in to the database ${login.database ?? "postgres"}: ${reason}.${mend}`,
  );
}
