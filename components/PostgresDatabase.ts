import type { remote } from "@pulumi/command";
import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Secret } from "../host/secret";
import { HostComponent } from "../host/HostComponent";
import type { Host } from "../host/Host";
import { type ResourceManifest, type ManifestEntry, packageEntry } from "../host/manifest/manifest";
import { ArgumentsError } from "./ArgumentsError";
import type { PostgresPlan } from "./postgres/args";

/** Inputs of {@link PostgresDatabase}. */
export interface PostgresDatabaseArgs {
  host: Host;
  /** The settings, compared with the server: what `planPostgres` returns. */
  plan: PostgresPlan;
}

/** How the application reaches its database. */
export interface DatabaseConnection {
  /** As seen from the site's host. */
  host: string;
  port: number;
  name: string;
  user: string;
  /** Secret. */
  password: pulumi.Output<string>;
  /** As libpq takes it. */
  sslmode: string;
  /** Certificates of the authorities that the server's is checked by, in PEM. @default none */
  authorities?: string | undefined;
  /** Differs for a database that was recreated; see `settleGeneration`. */
  generation: string;
  /** Role and database: a changed password reaches the role before the application. */
  dependsOn: readonly pulumi.Resource[];
}

/** Name of the database that each host of this program has. */
const databases = new WeakMap<Host, string>();

/**
 * The site's PostgreSQL database: the server on the host, who may log in there, the application's
 * role with its password, and the database that the role owns.
 *
 * The data outlive everything: on destroy the server keeps running, with role, database and
 * pg_hba.conf, and the next up adopts them. Nothing here ever drops anything.
 */
export class PostgresDatabase extends HostComponent {
  readonly connection: DatabaseConnection;
  /** Services of the host that the database needs, without `.service`: none for an external server. */
  readonly services: readonly string[];
  /** The server on the host; undefined for an external one. */
  readonly server: remote.Command | undefined;
  private readonly host: Host;
  private readonly plan: PostgresPlan;

  constructor(name: string, args: PostgresDatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
    super({ type: "PostgresDatabase" }, name, opts);
    const first = databases.get(args.host);
    if (first !== undefined) {
      // Two would take the server's pg_hba.conf, the provisioning role and the tunnel from each other.
      throw new ArgumentsError(`PostgresDatabase "${name}"`, [
        {
          propertyPath: "host",
          reason: `it has the PostgresDatabase "${first}": give one for each host. Another database of its server is made by hand, or by another stack`,
        },
      ]);
    }
    databases.set(args.host, name);
    this.host = args.host;
    this.plan = args.plan;
    const { plan } = this;
    const password = this.password(`${name}-password`, plan.password);
    this.services = plan.external === undefined ? [plan.service] : [];
    this.server = plan.external === undefined ? this.registerServer() : undefined;
    this.connection = {
      host: plan.external?.host ?? "127.0.0.1",
      port: plan.external?.port ?? plan.port,
      name: plan.database,
      user: plan.user,
      password,
      // On the loopback there is nobody to hide from.
      sslmode: plan.external?.sslMode ?? "prefer",
      authorities: plan.external?.authorities,
      generation: plan.generation,
      dependsOn:
        plan.provisioner === "psql" ? [this.runPsql(password)] : this.useProvider(password),
    };
    this.registerOutputs({
      host: this.connection.host,
      port: this.connection.port,
      name: plan.database,
      user: plan.user,
    });
  }

  private registerServer(): remote.Command {
    const { plan } = this;
    const provisioning: ManifestEntry[] =
      plan.provisioner === "psql"
        ? []
        : [
            {
              kind: "postgresql-access",
              role: plan.provisioningUser,
              databases: ["postgres", plan.database],
            },
          ];
    return this.host.converge(
      `${this.name}-server`,
      {
        subsystem: "postgresql",
        entries: [
          ...(plan.module ? [plan.module] : []),
          ...plan.packages.map(packageEntry),
          {
            kind: "postgresql-server",
            version: plan.version,
            service: plan.service,
            binaries: plan.binaries,
            dataDirectory: plan.dataDirectory,
            port: plan.port,
            encryption: plan.encryption,
          },
          { kind: "postgresql-access", role: plan.user, databases: [plan.database] },
          ...provisioning,
        ],
      },
      { parent: this },
    );
  }

  /** For the host to remember: the next run compares it with what it finds. */
  private get site(): ManifestEntry {
    const { database, user: role, server, generation } = this.plan;
    return { kind: "postgresql-site", database, role, server, generation };
  }

  /** Role and database by psql on the host: one more command, secret as a whole. */
  private runPsql(password: pulumi.Output<string>): remote.Command {
    const { user, database } = this.plan;
    return this.host.converge(
      `${this.name}-roles`,
      password.apply((known): ResourceManifest => ({
        subsystem: "postgresql",
        entries: [
          { kind: "postgresql-role", name: user, password: known },
          { kind: "postgresql-database", name: database, owner: user },
          this.site,
        ],
      })),
      { parent: this, dependsOn: this.server === undefined ? [] : [this.server] },
    );
  }

  /** Role and database by the provider, through the tunnel that the plan has opened. */
  private useProvider(password: pulumi.Output<string>): pulumi.Resource[] {
    const { name, plan } = this;
    const login = this.provisioningLogin();
    const provider = new postgresql.Provider(
      `${name}-provider`,
      {
        host: "127.0.0.1",
        port: plan.tunnelPort,
        username: login.user,
        password: login.password,
        database: "postgres",
        // The tunnel encrypts, and checks the server by its own name: here it is called 127.0.0.1.
        sslmode: "disable",
        connectTimeout: 10,
        superuser: false,
      },
      { parent: this, dependsOn: login.ready },
    );
    // Data are never dropped; and what is retained needs no tunnel when it is destroyed.
    const options = { parent: this, provider, retainOnDelete: true };
    const made = (thing: string): string => `${name}-${thing}-${plan.generation}`;
    const role = new postgresql.Role(
      made("role"),
      { name: plan.user, login: true, password },
      { ...options, ...(plan.adopt.role ? { import: plan.user } : {}) },
    );
    const database = new postgresql.Database(
      made("database"),
      { name: plan.database, owner: role.name, encoding: "UTF8", template: "template0" },
      {
        ...options,
        // What a database was made with can't be changed: another value would replace it.
        ignoreChanges: ["encoding", "lcCollate", "lcCtype", "template"],
        ...(plan.adopt.database ? { import: plan.database } : {}),
      },
    );
    const grant = new postgresql.Grant(
      made("privileges"),
      {
        database: database.name,
        role: role.name,
        objectType: "database",
        // ALL PRIVILEGES by name, as the server gives them back.
        privileges: ["CONNECT", "CREATE", "TEMPORARY"],
      },
      options,
    );
    return [role, database, grant];
  }

  /** Who the provider logs in as, and what must be done before that works. */
  private provisioningLogin(): {
    user: string;
    password: pulumi.Output<string>;
    ready: pulumi.Resource[];
  } {
    const { name, plan } = this;
    if (plan.external !== undefined) {
      const { adminUser, adminPassword } = plan.external;
      const command = this.host.converge(
        `${name}-elsewhere`,
        { subsystem: "postgresql", entries: [this.site] },
        { parent: this },
      );
      return { user: adminUser, password: adminPassword.output(), ready: [command] };
    }
    const user = plan.provisioningUser;
    const password = this.password(`${name}-provisioning-password`, plan.provisioningPassword);
    const command = this.host.converge(
      `${name}-provisioning`,
      password.apply((known): ResourceManifest => ({
        subsystem: "postgresql",
        entries: [
          {
            kind: "postgresql-role",
            name: user,
            password: known,
            createDatabase: true,
            createRole: true,
          },
          {
            kind: "postgresql-adoption",
            database: plan.database,
            role: plan.user,
            provisioner: user,
          },
          this.site,
        ],
      })),
      { parent: this, dependsOn: this.server === undefined ? [] : [this.server] },
    );
    return { user, password, ready: [command] };
  }

  /** The given password, or one that is made once and kept in the state. */
  private password(name: string, given: Secret | undefined): pulumi.Output<string> {
    if (given !== undefined) return given.output();
    return new random.RandomPassword(name, { length: 32, special: false }, { parent: this }).result;
  }
}
