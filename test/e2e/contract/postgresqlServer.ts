import type { Bench } from "./bench";
import type { Declared } from "./declared";

/** Password of the role that the provider logs in as. */
export const adminPassword = "admin-Secret-1";

/** PostgreSQL 15 on the bench's host, and what a program needs to reach it. */
export class PostgresServer {
  private constructor(
    private readonly bench: Bench,
    /** Of the tunnel on this machine; every stack has its own. */
    private readonly localPort: number,
  ) {}

  /** Installs and starts the server, with a role of its own for the provider. */
  static async install(bench: Bench, localPort: number): Promise<PostgresServer> {
    const hba = "/var/lib/pgsql/data/pg_hba.conf";
    await bench.onHost(
      "{ dnf -y module enable postgresql:15 && dnf -y install postgresql-server && " +
        "postgresql-setup --initdb; } >/dev/null 2>&1 && " +
        `sed -i '/^host/d' ${hba} && echo 'host all all 127.0.0.1/32 scram-sha-256' >>${hba} && ` +
        "service postgresql start >/dev/null 2>&1",
    );
    const server = new PostgresServer(bench, localPort);
    await server.psql(
      "SET password_encryption = 'scram-sha-256'; " +
        `CREATE ROLE provisioner LOGIN CREATEDB CREATEROLE PASSWORD '${adminPassword}'`,
    );
    return server;
  }

  /** The same server for another stack, which needs a port of its own. */
  at(localPort: number): PostgresServer {
    return new PostgresServer(this.bench, localPort);
  }

  /** The tunnel and the provider; resources declared behind them go there. */
  way(settings: Record<string, unknown> = {}): Declared[] {
    return [this.tunnel(), this.provider(settings)];
  }

  tunnel(): Declared {
    const target = { address: "127.0.0.1", port: 5432 };
    const { localPort } = this;
    return {
      type: "tunnel",
      name: "tunnel",
      args: { login: this.bench.connection, localPort, target },
    };
  }

  provider(settings: Record<string, unknown> = {}): Declared {
    return {
      type: "server",
      name: "server",
      args: {
        host: "127.0.0.1",
        port: this.localPort,
        username: "provisioner",
        password: adminPassword,
        superuser: false,
        sslmode: "disable",
        connectTimeout: 10,
        ...settings,
      },
      secret: ["password"],
    };
  }

  /** What a statement gives, as the server's owner: unaligned, no heading. */
  psql(statement: string, database = "postgres"): Promise<string> {
    return this.bench.onHost(
      `cd / && su -s /bin/sh postgres -c "psql -qAtX -v ON_ERROR_STOP=1 ${database}" <<'SQL'\n${statement};\nSQL`,
    );
  }

  /** Whether a login over TCP goes well, as the application's. */
  async logsIn(role: string, password: string, database: string): Promise<boolean> {
    const answer = await this.bench.onHost(
      `PGPASSWORD='${password}' psql -qAtX -h 127.0.0.1 -U ${role} ${database} -c 'SELECT 1' 2>/dev/null || true`,
    );
    return answer === "1";
  }
}
