import type * as pulumi from "@pulumi/pulumi";
import type { Host } from "../../host/Host";
import { listOf, oneOf, text } from "../../host/manifest/value";
import {
  absolutePath,
  address,
  databaseName,
  packageName,
  port,
  postgresVersion,
  serviceName,
  sslMode,
  type SslMode,
} from "../../host/manifest/values";
import {
  type ArgumentError,
  type ArgumentTable,
  required,
  withDefault,
  withoutDefault,
} from "./argument";

/**
 * A PostgreSQL server elsewhere, which this program uses, but does not install or configure.
 *
 * @typeParam Password a secret input of the component; a secret in memory for the preflight
 */
export interface ExternalServer<Password> {
  /** Name or address, as seen from the site's host. */
  readonly host: string;
  /** Port of the server. */
  readonly port: number;
  /** A role there that may create roles and databases. */
  readonly adminUser: string;
  /** Password of that role. */
  readonly adminPassword: Password;
  /**
   * How to encrypt and check all connections to it: the application's, and those of the deployment.
   *
   * @see https://www.postgresql.org/docs/current/libpq-ssl.html
   */
  readonly sslMode: SslMode;
  /**
   * Certificates of the authorities that sign for the server, in PEM format. Needed for
   * `verify-ca` and `verify-full`, and for no other mode.
   */
  readonly authorities?: string | undefined;
}

/** Version and packages of a server on the host. */
export interface ServerPackages {
  /** Major version of the server, such as `15` or `9.2`; the host must have that one. @default "15" */
  readonly version?: string;
  /** Packages of the server; an empty list where it was installed by hand. @default ["postgresql-server"] */
  readonly packages?: readonly string[];
  /**
   * Module stream to enable first; `false` for none.
   *
   * @default "postgresql:VERSION" where the host has modules
   */
  readonly moduleStream?: string | false | undefined;
}

/**
 * A database, and the server that has it.
 *
 * @typeParam Password a secret input of the component; a secret in memory for the preflight
 */
export interface DatabaseServer<Password> extends ServerPackages {
  /** Name of the database. */
  readonly database: string;
  /** Role that owns the database; the application logs in as this role. */
  readonly user: string;
  /** Password of that role, without a backslash. @default 32 random letters and digits, kept in the state */
  readonly password?: Password | undefined;
  /**
   * Creates role and database: the @pulumi/postgresql provider through an SSH tunnel, or psql on the host.
   *
   * @default "provider" for versions from 14 on; "psql" for older ones, which the provider doesn't support, and
   *   for a component without `found`
   */
  readonly provisioner?: "provider" | "psql" | undefined;
  /**
   * Role that the provider logs in as: it creates roles and databases, and is no superuser.
   *
   * @default "tracks_provisioner"
   */
  readonly provisioningUser?: string;
  /** Name of the server's service. @default "postgresql" */
  readonly service?: string;
  /**
   * Directory of the server's programs, such as `/usr/local/pgsql/bin`.
   *
   * @default the service's own, else the first directory that has them
   */
  readonly binaries?: string | undefined;
  /** Directory of the server's data. @default the one that the service declares */
  readonly dataDirectory?: string | undefined;
  /** Port of the server on its host. @default 5432 */
  readonly port?: number;
  /** A server elsewhere, instead of one on the host; it needs `found`. @default none */
  readonly external?: ExternalServer<Password> | undefined;
  /**
   * Port on 127.0.0.1 of the machine that deploys, where the tunnel begins. It must stay the same, since the
   * provider keeps it in the state.
   *
   * @default between 20000 and 29999, derived from the names of project and stack: where a program has several
   * hosts with a database, set another one for each
   */
  readonly tunnelPort?: number | undefined;
}

/** State of the server as the preflight found it, and the tunnel for the provider. */
export interface DatabaseFacts {
  /** Port on 127.0.0.1 where the tunnel begins. */
  readonly tunnelPort: number;
  /** Whether role and database exist: then the provider imports them rather than creating them. */
  readonly adopt: { readonly role: boolean; readonly database: boolean };
  /** Identifies the server. */
  readonly server: string;
  /** Distinguishes role and database from those that the stack created on another server. */
  readonly generation: string;
}

/** Inputs of `PostgresDatabase`. */
export interface PostgresDatabaseArgs extends DatabaseServer<pulumi.Input<string>> {
  /** The host that the application is on. */
  readonly host: Host;
  /**
   * Findings of the preflight, as `planPostgres` of `tracks/preflight` returns them: the provider needs them,
   * for its tunnel, and so does a server elsewhere.
   *
   * @default none: psql creates what does not exist, on the host's own server
   */
  readonly found?: DatabaseFacts;
}

/** Kinds of values of the arguments, and their defaults; the port is also the external server's. */
export const postgresDatabaseArguments = {
  database: required(databaseName),
  user: required(databaseName),
  version: withDefault(postgresVersion, "15"),
  provisioner: withoutDefault(oneOf("provider", "psql")),
  provisioningUser: withDefault(databaseName, "tracks_provisioner"),
  packages: withDefault(listOf(packageName, "package names"), ["postgresql-server"]),
  service: withDefault(serviceName, "postgresql"),
  binaries: withoutDefault(absolutePath),
  dataDirectory: withoutDefault(absolutePath),
  port: withDefault(port, 5432),
  tunnelPort: withoutDefault(port),
  "external.host": withoutDefault(address),
  "external.port": withoutDefault(port),
  "external.adminUser": withoutDefault(databaseName),
  "external.sslMode": withoutDefault(sslMode),
  "external.authorities": withoutDefault(
    text(
      "certificates in PEM format, and no private key",
      /^(?![^]*PRIVATE KEY)[^]*-----BEGIN CERTIFICATE-----[^]*$/,
    ),
  ),
} satisfies ArgumentTable<PostgresDatabaseArgs>;

/** First version that the provider supports. */
export const firstWithProvider = 14;

type Values = Partial<Omit<DatabaseServer<unknown>, "external">> & {
  readonly external?: Partial<ExternalServer<unknown>> | undefined;
};

/** Checks several arguments together. */
export function postgresDatabaseRules(args: Values): ArgumentError[] {
  const { version, provisioner, external } = args;
  const { provisioningUser = postgresDatabaseArguments.provisioningUser.fallback } = args;
  // A version that is not allowed is one error only.
  const isOld = version !== undefined && Number(version) < firstWithProvider;
  const errors: ArgumentError[] = [];
  const error = (propertyPath: string, given: string, allowed: string, superfluous = false) => {
    errors.push({ propertyPath, given, allowed, superfluous });
  };
  if (external?.host !== undefined) {
    if (isOld) {
      error(
        "version",
        `"${version}", with PostgresDatabase.external.host`,
        `${firstWithProvider} and newer: on a server elsewhere the provider creates role and database, and it supports no older version`,
      );
    } else if (provisioner === "psql") {
      error(
        "provisioner",
        '"psql" with PostgresDatabase.external.host',
        "`provider`: psql works through the socket of a server on the host itself",
        true,
      );
    }
    return [...errors, ...authorityErrors(external)];
  }
  if (isOld && provisioner === "provider") {
    error(
      "provisioner",
      `"provider" with PostgresDatabase.version ${version}`,
      `\`psql\`: the provider supports ${firstWithProvider} and newer`,
      true,
    );
  }
  if (args.user === provisioningUser) {
    error(
      "user",
      `"${provisioningUser}"`,
      "another role, such as deployer: this one creates roles and databases, which the application must not be able to do",
    );
  }
  return errors;
}

/** Modes that go with certificates of authorities, in an error. */
export const checkingModes =
  "`verify-full` or `verify-ca`: they say what of a certificate is checked";

/**
 * Certificates of authorities require a mode that says what to check with them, and such a mode requires the
 * certificates. Of the others libpq takes `require` for `verify-ca` then, and with `prefer` it goes on without TLS
 * where a certificate is refused.
 */
function authorityErrors({
  sslMode: mode,
  authorities,
}: Partial<ExternalServer<unknown>>): ArgumentError[] {
  if (mode === undefined) return [];
  const checks = mode.startsWith("verify-");
  if (checks === (authorities !== undefined)) return [];
  return [
    checks
      ? {
          propertyPath: "external.authorities",
          given: `nothing, but PostgresDatabase.external.sslMode is ${mode}`,
          allowed: postgresDatabaseArguments["external.authorities"].value.allowed,
        }
      : {
          propertyPath: "external.sslMode",
          given: `"${mode}", with PostgresDatabase.external.authorities`,
          allowed: checkingModes,
        },
  ];
}
