import { Deployment } from "./deployment";

/** How the application would log in: what the program hands to it. */
export interface Login {
  host: string;
  port: number;
  name: string;
  user: string;
  password: string;
  sslmode: string;
}

/** A deployment of nothing but a database, and the questions that tests have about it. */
export class DatabaseSite {
  private constructor(readonly deployment: Deployment) {}

  static async create(stack: string, settings: object = {}): Promise<DatabaseSite> {
    const deployment = await Deployment.create(stack, { program: "test/e2e/programs/database.ts" });
    await deployment.set("serverNames", '["tracks.example.org"]');
    const site = new DatabaseSite(deployment);
    site.use(settings);
    return site;
  }

  /** Settings of the next runs. */
  use(settings: object): void {
    this.deployment.environment["TEST_DATABASE"] = JSON.stringify(settings);
  }

  async login(): Promise<Login> {
    const outputs = await this.deployment.succeed("stack", "output", "--json", "--show-secrets");
    return (JSON.parse(outputs) as { connection: Login }).connection;
  }

  /** What psql prints that logs in over TCP, as the application does; errors included. */
  async asApplication(sql: string, change: Partial<Login> = {}): Promise<string> {
    const { host, port, name, user, password, sslmode } = { ...(await this.login()), ...change };
    return this.deployment.onHost(
      `PGSSLMODE=${sslmode} PGSSLROOTCERT=/root/ca.pem PGPASSWORD='${password.replaceAll("'", `'\\''`)}' psql -X -A -t -w -h ${host} -p ${port} -U ${user} -d ${name} -c "${sql}" 2>&1 || true`,
    );
  }

  /** What psql prints as the system user postgres. */
  async asPostgres(sql: string, database = "postgres"): Promise<string> {
    return this.deployment.onHost(
      `cd / && runuser -u postgres -- psql -X -q -A -t -d ${database} -c "${sql}"`,
    );
  }

  /** How many operations the host was asked for, by the audit log. */
  async audit(): Promise<string> {
    return this.deployment.onHost("cat /var/lib/tracks/audit.log");
  }
}
