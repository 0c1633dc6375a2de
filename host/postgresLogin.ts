import { Client, DatabaseError } from "pg";
import type { ClientChannel } from "ssh2";
import type { Secret } from "../config/secret";
import { UserError } from "./userError";
import type { Tunnel } from "./tunnel";

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
  /** Its version as a number: 150007 is 15.7. */
  readonly version: number;
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
  const channel = await tunnel.connect();
  const client = new Client({
    user: login.user,
    password: login.password.reveal(),
    database: login.database ?? "postgres",
    application_name: "tracks",
    connectionTimeoutMillis: patience * 1000,
    query_timeout: patience * 1000,
    // pg calls `connect` on it and waits for the event, as of a socket of its own.
    stream: () => asSocket(channel),
  });
  // An error of a client that nobody listens to would end the program.
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string; roles: string[]; databases: string[] }>(
      `SELECT current_setting('server_version_num') AS version,
              ARRAY(SELECT rolname::text FROM pg_catalog.pg_roles WHERE rolname = ANY($1)) AS roles,
              ARRAY(SELECT datname::text FROM pg_catalog.pg_database WHERE datname = ANY($2)) AS databases`,
      [questions.roles, questions.databases],
    );
    const [row] = rows;
    return {
      version: Number(row?.version),
      roles: new Set(row?.roles),
      databases: new Set(row?.databases),
    };
  } catch (error) {
    throw explain(login, error);
  } finally {
    channel.destroy();
  }
}

function asSocket(channel: ClientChannel): ClientChannel {
  return Object.assign(channel, {
    setNoDelay: () => channel,
    setKeepAlive: () => channel,
    ref: () => channel,
    unref: () => channel,
    connect: () => {
      setImmediate(() => channel.emit("connect"));
      return channel;
    },
  });
}

/** Classes of SQLSTATE: 28 is a refused login. */
function explain(login: PostgresLogin, error: unknown): PostgresLoginError {
  const said = error instanceof Error ? error.message : String(error);
  const reason = said.replaceAll(login.password.reveal(), "[secret]");
  const refused = error instanceof DatabaseError && error.code?.startsWith("28") === true;
  return new PostgresLoginError(
    refused,
    `PostgreSQL doesn't let the role ${login.user} log in to the database ${login.database ?? "postgres"}: ${reason}.`,
  );
}
