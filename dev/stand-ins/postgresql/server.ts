import { readFileSync } from "node:fs";
import { Client, type ClientConfig, DatabaseError } from "pg";
import { requireLabServer } from "./labServer";
import type { Settings } from "./settings";

/** Row of a result. */
export type Row = Record<string, unknown>;

/** Runs one statement. */
export type Query = (statement: string, values?: unknown[]) => Promise<Row[]>;

/**
 * PostgreSQL server, as the real provider uses it: it connects with the first statement, and every
 * statement outside a transaction has its own connection, which is then closed.
 */
export class Server {
  /** Secrets that no error may contain. */
  private readonly secrets: string[];

  constructor(readonly settings: Settings) {
    this.secrets = [settings.password];
  }

  /** Keeps a text out of every later error. */
  conceal(text: string): void {
    if (text !== "") this.secrets.unshift(text);
  }

  /** Runs a statement in the database of the settings. */
  readonly query: Query = (statement, values) =>
    this.connected(this.settings.database, (query) => query(statement, values));

  /**
   * Runs statements in one transaction, which is rolled back when one of them fails.
   *
   * @param database default, also when empty: that of the settings
   */
  transaction<Result>(
    database: string,
    statements: (query: Query) => Promise<Result>,
  ): Promise<Result> {
    return this.connected(database === "" ? this.settings.database : database, async (query) => {
      await query("BEGIN");
      const result = await statements(query);
      await query("COMMIT");
      return result;
    });
  }

  /** Connects, runs the work and disconnects; the server rolls back a transaction that is still open then. */
  private async connected<Result>(
    database: string,
    work: (query: Query) => Promise<Result>,
  ): Promise<Result> {
    const client = await this.connect(database);
    try {
      return await work(async (statement, values) => {
        try {
          return (await client.query<Row>(statement, values)).rows;
        } catch (error) {
          throw this.fault(error);
        }
      });
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  private async connect(database: string): Promise<Client> {
    const { host, port } = this.settings;
    const where = `error connecting to PostgreSQL server ${host} (scheme: postgres)`;
    try {
      await requireLabServer(host, port);
      const client = new Client(this.options(database));
      client.on("error", () => undefined);
      await client.connect();
      return client;
    } catch (error) {
      throw new Error(`${where}: ${this.fault(error).message}`, { cause: error });
    }
  }

  private options(database: string): ClientConfig {
    const { host, port, username, password, connectTimeout, sslmode, sslrootcert } = this.settings;
    return {
      host,
      port,
      user: username,
      password,
      database,
      application_name: "Terraform provider",
      connectionTimeoutMillis: connectTimeout * 1000,
      ssl: encryption(sslmode, sslrootcert),
    };
  }

  private fault(error: unknown): Error {
    let message = error instanceof Error ? error.message : String(error);
    if (error instanceof DatabaseError) {
      message = `pq: ${message}`;
      if (error.code !== undefined) message += ` (${error.code})`;
    }
    for (const secret of this.secrets)
      if (secret !== "") message = message.replaceAll(secret, "[secret]");
    return new Error(message);
  }
}

function encryption(sslmode: string, sslrootcert: string): ClientConfig["ssl"] {
  const ca = sslrootcert === "" ? {} : { ca: readFileSync(sslrootcert, "utf8") };
  switch (sslmode) {
    case "disable":
      return false;
    case "require":
      return { rejectUnauthorized: sslrootcert !== "", ...ca };
    case "verify-ca":
      return { checkServerIdentity: () => undefined, ...ca };
    case "verify-full":
      return { ...ca };
    default:
      throw new Error(
        `unsupported sslmode "${sslmode}"; only "require" (default), "verify-full", "verify-ca", and "disable" supported`,
      );
  }
}
