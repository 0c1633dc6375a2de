import type { remote } from "@pulumi/command";
import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { HostComponent } from "../host/HostComponent";
import type { Host } from "../host/Host";
import { type ResourceManifest, type ManifestEntry, packageEntry } from "../host/manifest/manifest";
import { databasePassword } from "../host/manifest/values";
import type { ArgumentError } from "./args/argument";
import {
  type DatabaseFacts,
  type PostgresDatabaseArgs,
  postgresDatabaseArguments,
  postgresDatabaseRules,
} from "./args/PostgresDatabase";
import { serverArgumentErrors } from "./packages/serverArgument";
import { ownServer, type ResolvedDatabase, resolveDatabase } from "./postgres/resolve";
import { secretArgument } from "./secretArgument";
import { checkedPlain } from "./whenKnown";

/** How the application reaches its database: the argument `postgresql` of a `DjangoApp`. */
export interface DatabaseConnection {
  /** Name or address of the server, as seen from the site's host. */
  host: string;
  port: number;
  name: string;
  user: string;
  /** Password of the user: a secret. */
  password: pulumi.Output<string>;
  /** How connections are encrypted and checked, in libpq's words. */
  sslmode: string;
  /** Certificates of the authorities that may have signed the server's, in PEM. @default none */
  authorities?: string | undefined;
  /** Changes when the database was recreated, and needs its tables again. */
  generation: string;
  /** Resources of role and database, so that a changed password reaches the role before the application. */
  dependsOn: readonly pulumi.Resource[];
}

/** Name of each host's PostgresDatabase in this program. */
const databases = new WeakMap<Host, string>();

/**
 * The site's PostgreSQL database: the server on the host, its rules of who may log in, the application's role
 * with its password, and the database that the role owns.
 *
 * No operation drops data: on destroy the server keeps running, with role, database and pg_hba.conf, and the
 * next up adopts them.
 *
 * Give a {@link SystemPackages} of the host the same `version`, `packages` and `moduleStream`, as its argument
 * `server`.
 *
 * @example
 * ```ts
 * const database = new PostgresDatabase(
 *   "database",
 *   { host, database: "tracks", user: "deployer", version: "15", provisioner: "psql" },
 *   { dependsOn: packages },
 * );
 * ```
 */
export class PostgresDatabase extends HostComponent {
  /** How the application reaches the database. */
  readonly connection: DatabaseConnection;
  /** Names of the host's services that the database needs, without `.service`: none for an external server. */
  readonly services: readonly string[];
  /** Installs and starts the server on the host; undefined for an external one. */
  readonly server: remote.Command | undefined;
  private readonly host: Host;
  private readonly settings: ResolvedDatabase<pulumi.Input<string>>;
  private readonly found: DatabaseFacts;

  constructor(name: string, args: PostgresDatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
    const { host, found } = args;
    const settings = settingsOf(name, args);
    const { database, user, external } = settings;
    const at = { host: external?.host ?? "127.0.0.1", port: external?.port ?? settings.port };
    super({ type: "PostgresDatabase" }, name, { ...at, database, user }, opts);
    databases.set(host, name);
    this.host = host;
    this.settings = settings;
    this.found = found ?? nothingFound(at);
    const password = this.password(settings.password);
    this.services = external === undefined ? [settings.service] : [];
    this.server = external === undefined ? this.registerServer() : undefined;
    this.connection = {
      ...at,
      name: database,
      user,
      password,
      // Nobody else can listen on the loopback interface.
      sslmode: external?.sslMode ?? "prefer",
      authorities: external?.authorities,
      generation: this.found.generation,
      dependsOn:
        settings.provisioner === "psql" ? [this.runPsql(password)] : this.useProvider(password),
    };
    this.registerOutputs({ ...at, name: database, user });
  }

  private registerServer(): remote.Command {
    const { settings } = this;
    const provisioning: ManifestEntry[] =
      settings.provisioner === "psql"
        ? []
        : [
            {
              kind: "postgresql-access",
              role: settings.provisioningUser,
              databases: ["postgres", settings.database],
            },
          ];
    return this.host.converge(
      `${this.name}-server`,
      {
        subsystem: "postgresql",
        entries: [
          ...(settings.module ? [settings.module] : []),
          ...settings.packages.map(packageEntry),
          {
            kind: "postgresql-server",
            version: settings.version,
            service: settings.service,
            binaries: settings.binaries,
            dataDirectory: settings.dataDirectory,
            port: settings.port,
            encryption: settings.encryption,
          },
          { kind: "postgresql-access", role: settings.user, databases: [settings.database] },
          ...provisioning,
        ],
      },
      { parent: this },
    );
  }

  /** The host remembers this entry, and the next run compares it with what it finds. */
  private get site(): ManifestEntry {
    const { database, user: role } = this.settings;
    const { server, generation } = this.found;
    return { kind: "postgresql-site", database, role, server, generation };
  }

  /** Creates role and database with psql on the host: one more command, secret as a whole. */
  private runPsql(password: pulumi.Output<string>): remote.Command {
    const { user, database } = this.settings;
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

  /** Creates role and database with the provider, through the tunnel that the preflight has opened. */
  private useProvider(password: pulumi.Output<string>): pulumi.Resource[] {
    const { name, settings, found } = this;
    const login = this.provisioningLogin();
    const provider = new postgresql.Provider(
      `${name}-provider`,
      {
        host: "127.0.0.1",
        port: found.tunnelPort,
        username: login.user,
        password: login.password,
        database: "postgres",
        // The tunnel encrypts, and checks the server's own name: here its name is 127.0.0.1.
        sslmode: "disable",
        connectTimeout: 10,
        superuser: false,
      },
      { parent: this, dependsOn: login.ready },
    );
    // Nothing drops data; and a retained resource needs no tunnel on destroy.
    const options = { parent: this, provider, retainOnDelete: true };
    const made = (what: string): string => `${name}-${what}-${found.generation}`;
    const role = new postgresql.Role(
      made("role"),
      { name: settings.user, login: true, password },
      { ...options, ...(found.adopt.role ? { import: settings.user } : {}) },
    );
    const database = new postgresql.Database(
      made("database"),
      { name: settings.database, owner: role.name, encoding: "UTF8", template: "template0" },
      {
        ...options,
        // These can't change after the creation: another value would replace the database.
        ignoreChanges: ["encoding", "lcCollate", "lcCtype", "template"],
        ...(found.adopt.database ? { import: settings.database } : {}),
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

  /** The login of the provider, and the resources that it needs first. */
  private provisioningLogin(): {
    user: string;
    password: pulumi.Output<string>;
    ready: pulumi.Resource[];
  } {
    const { name, settings } = this;
    if (settings.external !== undefined) {
      const { adminUser, adminPassword } = settings.external;
      const command = this.host.converge(
        `${name}-elsewhere`,
        { subsystem: "postgresql", entries: [this.site] },
        { parent: this },
      );
      return {
        user: adminUser,
        password: this.secret("external.adminPassword", adminPassword),
        ready: [command],
      };
    }
    const user = settings.provisioningUser;
    const password = this.generated(`${name}-provisioning-password`);
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
            database: settings.database,
            role: settings.user,
            provisioner: user,
          },
          this.site,
        ],
      })),
      { parent: this, dependsOn: this.server === undefined ? [] : [this.server] },
    );
    return { user, password, ready: [command] };
  }

  /** The given password, or a generated one that the state keeps. */
  private password(given: pulumi.Input<string> | undefined): pulumi.Output<string> {
    if (given === undefined) return this.generated(`${this.name}-password`);
    return this.secret("password", given);
  }

  private secret(propertyPath: string, given: pulumi.Input<string>): pulumi.Output<string> {
    return secretArgument(this.title, propertyPath, databasePassword, given);
  }

  private generated(name: string): pulumi.Output<string> {
    return new random.RandomPassword(name, { length: 32, special: false }, { parent: this }).result;
  }
}

/** The arguments, checked and with every default. */
function settingsOf(name: string, { host, found, ...given }: PostgresDatabaseArgs) {
  const values = checkedPlain(
    `PostgresDatabase "${name}"`,
    postgresDatabaseArguments,
    withoutPreflight(given, found),
    (known) => [
      ...postgresDatabaseRules(known),
      ...(found === undefined ? tunnelErrors(known) : []),
      ...secondOf(host),
      ...serverArgumentErrors(host, ownServer(known)),
    ],
  );
  return resolveDatabase(values);
}

type Given = Omit<PostgresDatabaseArgs, "host" | "found">;

/** Without the preflight there is no tunnel, and psql needs none. */
function withoutPreflight(given: Given, found: DatabaseFacts | undefined): Given {
  const isOwn = given.external === undefined && found === undefined;
  return isOwn && given.provisioner === undefined ? { ...given, provisioner: "psql" } : given;
}

function tunnelErrors(given: Given): ArgumentError[] {
  if (resolveDatabase(given).provisioner === "psql") return [];
  return [
    {
      propertyPath: "found",
      given: "nothing",
      allowed:
        "what planPostgres of tracks/preflight returns, which opens the provider's tunnel; for the host's own server, the provisioner `psql` does without",
    },
  ];
}

/** Two databases would overwrite each other's pg_hba.conf, provisioning role and tunnel. */
function secondOf(host: Host): ArgumentError[] {
  const first = databases.get(host);
  if (first === undefined) return [];
  return [
    {
      propertyPath: "host",
      given: `a host that has the PostgresDatabase "${first}"`,
      allowed:
        "one PostgresDatabase for each host; create another database of its server by hand, or in another stack",
    },
  ];
}

function nothingFound({ host, port }: { host: string; port: number }): DatabaseFacts {
  const adopt = { role: false, database: false };
  return { tunnelPort: 0, adopt, server: `${host}:${port}`, generation: "000000" };
}
