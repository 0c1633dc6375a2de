import type { Secret } from "../../config/secret";
import type { PasswordEncryption } from "../../host/manifest";
import { UserError } from "../../host/userError";

/** A PostgreSQL server elsewhere, which is used as it is: nothing of it is installed or configured. */
export interface ExternalServer {
  /** Name or address, as the site's host sees it. */
  readonly host: string;
  readonly port: number;
  /** A role there that may make roles and databases. */
  readonly adminUser: string;
  readonly adminPassword: Secret;
  /**
   * How the application's connections are encrypted and checked. The provider's, which go through
   * the tunnel and see another address, check no more than `verify-ca`.
   */
  readonly sslMode: "disable" | "require" | "verify-ca" | "verify-full";
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
  readonly moduleStream: string | false | undefined;
  readonly service: string;
  readonly binaries: string;
  readonly dataDirectory: string;
  readonly port: number;
  readonly external: ExternalServer | undefined;
  readonly tunnelPort: number | undefined;
}

/** First version that the provider supports. */
const firstWithProvider = 14;
/** First version that keeps passwords as SCRAM verifiers. */
const firstWithScram = 10;

/**
 * Fills in the defaults.
 *
 * @throws {@link PostgresError} on settings that contradict each other
 */
export function resolveSettings(settings: PostgresSettings): ResolvedSettings {
  const version = settings.version ?? "15";
  const usual = Number(version) >= firstWithProvider ? "provider" : "psql";
  const resolved: ResolvedSettings = {
    version,
    database: settings.database ?? "tracks",
    user: settings.user ?? "deployer",
    password: settings.password,
    // psql needs the server's own socket.
    provisioner: settings.external === undefined ? (settings.provisioner ?? usual) : "provider",
    provisioningUser: settings.provisioningUser ?? "tracks_provisioner",
    provisioningPassword: settings.provisioningPassword,
    encryption: Number(version) >= firstWithScram ? "scram-sha-256" : "md5",
    packages: settings.packages ?? ["postgresql-server"],
    moduleStream: settings.moduleStream,
    service: settings.service ?? "postgresql",
    binaries: settings.binaries ?? "auto",
    dataDirectory: settings.dataDirectory ?? "auto",
    port: settings.port ?? 5432,
    external: settings.external,
    tunnelPort: settings.tunnelPort,
  };
  if (resolved.external === undefined && resolved.user === resolved.provisioningUser) {
    throw new PostgresError(
      `tracks:databaseUser "${resolved.user}" is the role that makes roles and databases, which the application must not be able to do: give another name, such as deployer.`,
    );
  }
  return resolved;
}

/** A fault of the database's settings, or of the server that they are compared with. */
export class PostgresError extends UserError {
  constructor(message: string) {
    super("PostgresError", message);
  }
}
