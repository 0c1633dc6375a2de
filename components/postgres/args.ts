import type { ModuleEntry, PasswordEncryption } from "../../host/manifest/manifest";
import type { SslMode } from "../../host/ssh/postgresTls";
import type { Secret } from "../../host/secret";

/** A PostgreSQL server elsewhere, which is used as it is: nothing of it is installed or configured. */
export interface ExternalServer {
  /** Name or address, as the site's host sees it. */
  readonly host: string;
  readonly port: number;
  /** A role there that may make roles and databases. */
  readonly adminUser: string;
  readonly adminPassword: Secret;
  /** How all connections to it are encrypted and checked: the application's, and those that deploy. */
  readonly sslMode: SslMode;
  /**
   * Certificates of the authorities that may have signed the server's, in PEM. Needed for
   * `verify-ca` and `verify-full`, and for no other mode.
   */
  readonly authorities?: string | undefined;
}

/** What the owner of a site says about its database; everything has a default. */
export interface PostgresSettings {
  /** Major version of the server, such as `15` or `9.2`; the host must have that one. @default "15" */
  readonly version?: string;
  /** @default "tracks" */
  readonly database?: string;
  /** Role that the application logs in as, and that owns the database. @default "deployer" */
  readonly user?: string;
  /** Its password; without a backslash. @default 32 random letters and digits, kept in the state */
  readonly password?: Secret | undefined;
  /**
   * What makes the role and the database: the provider through the tunnel, or psql on the host.
   *
   * @default provider for servers from 14 on, psql for older ones, which the provider doesn't support
   */
  readonly provisioner?: "provider" | "psql" | undefined;
  /** Role that the provider logs in as: it makes roles and databases, and is no superuser. @default "tracks_provisioner" */
  readonly provisioningUser?: string;
  /** @default 32 random letters and digits, kept in the state */
  readonly provisioningPassword?: Secret | undefined;
  /** Packages of the server; none where it was installed by hand. @default ["postgresql-server"] */
  readonly packages?: readonly string[];
  /** Module stream that is enabled first; false for none. @default "postgresql:VERSION" where the host has modules */
  readonly moduleStream?: string | false | undefined;
  /** Name of the server's service. @default "postgresql" */
  readonly service?: string;
  /** Directory of the server's programs, such as `/usr/local/pgsql/bin`. @default looked for */
  readonly binaries?: string | undefined;
  /** @default the one that the service declares */
  readonly dataDirectory?: string | undefined;
  /** Port of the server on its host. @default 5432 */
  readonly port?: number;
  /** A server elsewhere in place of one on the host. @default none */
  readonly external?: ExternalServer | undefined;
  /**
   * Port on 127.0.0.1 of the machine that deploys, where the tunnel begins; the provider's state
   * holds it, so that it must stay the same.
   *
   * @default between 20000 and 29999, derived from the names of project and stack
   */
  readonly tunnelPort?: number | undefined;
}

/** The settings with their defaults; what depends on the host or the stack is settled in the plan. */
export interface ResolvedSettings {
  readonly version: string;
  readonly database: string;
  readonly user: string;
  readonly password: Secret | undefined;
  readonly provisioner: "provider" | "psql";
  readonly provisioningUser: string;
  readonly provisioningPassword: Secret | undefined;
  readonly encryption: PasswordEncryption;
  readonly packages: readonly string[];
  /** Decides the version of `postgresql-server`; undefined where that is none of the packages. */
  readonly module: ModuleEntry | undefined;
  readonly service: string;
  readonly binaries: string;
  readonly dataDirectory: string;
  readonly port: number;
  readonly external: ExternalServer | undefined;
  readonly tunnelPort: number | undefined;
}

/** What is to be done for a database, settled before any resource is registered. */
export interface PostgresPlan extends ResolvedSettings {
  readonly tunnelPort: number;
  /** What is there already, and comes into the state by an import in place of being made. */
  readonly adopt: { readonly role: boolean; readonly database: boolean };
  /** The server, in words that tell it from others. */
  readonly server: string;
  /** Tells role and database from those that the stack made on another server; see `settleGeneration`. */
  readonly generation: string;
}
