import { usesProvider } from "./applicationRules";
import { localFile } from "./localFile";
import type { ConfigurationSource } from "./read";
import type { Values } from "./schema";
import type { PublicKey } from "../host/publicKey";
import type { Secret } from "./secret";

/** Where the application's source is taken from. */
export type SourceConfiguration =
  | { readonly kind: "folder"; readonly folder: string }
  | {
      readonly kind: "git";
      readonly url: string;
      readonly ref: string;
      readonly deployKey: Secret | undefined;
      readonly hostKey: PublicKey | undefined;
    };

/** A PostgreSQL server that is not the host's own. */
export interface ExternalServerConfiguration {
  readonly host: string;
  readonly port: number;
  readonly adminUser: string;
  readonly adminPassword: Secret;
  readonly sslMode: "disable" | "require" | "verify-ca" | "verify-full";
}

/** Settings of the application, of its service, its database and its old data. */
export interface ApplicationConfiguration {
  /** PRODUCTION=1 in the environment and PostgreSQL, or neither. */
  readonly production: boolean;
  /** Settings of DjangoApp. */
  readonly django: {
    readonly source: SourceConfiguration;
    readonly package: string;
    readonly settingsModule: string;
    readonly interpreter: string;
    readonly requirementsFile: string;
    readonly extraRequirements: readonly string[];
    readonly secretKey: Secret | undefined;
    readonly allowedHosts: readonly string[];
    readonly sharedPaths: readonly string[];
    readonly healthCheckPath: string;
    readonly keptReleases: number;
  };
  /** Settings of UwsgiService. */
  readonly uwsgi: {
    readonly version: string;
    readonly socket: string;
    readonly processes: number;
    readonly harakiriSeconds: number;
    readonly bufferBytes: number;
    readonly stats: string;
    readonly log: string;
    readonly options: readonly string[];
  };
  /** Settings of PostgresDatabase; undefined where the application uses its sqlite file. */
  readonly database:
    | {
        readonly version: string;
        readonly provisioner: "provider" | "psql";
        readonly binaries: string | undefined;
        readonly tunnelPort: number | undefined;
        readonly database: string;
        readonly user: string;
        readonly password: Secret | undefined;
        readonly external: ExternalServerConfiguration | undefined;
      }
    | undefined;
  /** Settings of DataMigration; undefined where no old data is loaded. */
  readonly migration:
    | {
        /** Absolute path on this machine. */
        readonly dump: string;
        /** Old label to new label, such as `redirect.target` to `roasted.target`. */
        readonly renames: Readonly<Record<string, string>>;
        readonly skippedModels: readonly string[];
        readonly confirm: string | undefined;
      }
    | undefined;
}

/** The application's settings as they are used; undefined where the stack has no application. */
export function groupApplication(
  source: ConfigurationSource,
  values: Values,
): ApplicationConfiguration | undefined {
  const applicationSource = groupSource(source, values);
  if (applicationSource === undefined) return undefined;
  return {
    production: values.production,
    django: {
      source: applicationSource,
      package: values.appPackage,
      settingsModule: values.settingsModule ?? `${values.appPackage}.settings`,
      interpreter: values.pythonInterpreter,
      requirementsFile: values.requirementsFile,
      extraRequirements: values.extraRequirements,
      secretKey: values.djangoSecretKey,
      allowedHosts: values.allowedHosts ?? values.serverNames,
      sharedPaths: values.sharedPaths,
      healthCheckPath: values.healthCheckPath,
      keptReleases: values.keptReleases,
    },
    uwsgi: {
      version: values.uwsgiVersion,
      socket: values.uwsgiSocket,
      processes: values.uwsgiProcesses,
      harakiriSeconds: values.uwsgiHarakiriSeconds,
      bufferBytes: values.uwsgiBufferBytes,
      stats: values.uwsgiStats ?? "127.0.0.1:9191",
      log: values.uwsgiLog,
      options: values.uwsgiOptions,
    },
    database: values.production ? groupDatabase(values) : undefined,
    migration: groupMigration(source, values),
  };
}

function groupSource(source: ConfigurationSource, values: Values): SourceConfiguration | undefined {
  if (values.sourceFolder !== undefined) {
    return { kind: "folder", folder: localFile(source, values.sourceFolder) };
  }
  if (values.sourceUrl === undefined) return undefined;
  return {
    kind: "git",
    url: values.sourceUrl,
    ref: values.sourceRef,
    deployKey: values.sourceDeployKey,
    hostKey: values.sourceHostKey,
  };
}

function groupDatabase(values: Values): ApplicationConfiguration["database"] {
  const { postgresHost, postgresAdminUser, postgresAdminPassword } = values;
  return {
    version: values.postgresVersion,
    provisioner: usesProvider(values.postgresVersion, values.postgresProvisioner)
      ? "provider"
      : "psql",
    binaries: values.postgresBinaries,
    tunnelPort: values.postgresTunnelPort,
    database: values.databaseName,
    user: values.databaseUser,
    password: values.databasePassword,
    external:
      postgresHost !== undefined && postgresAdminUser !== undefined && postgresAdminPassword
        ? {
            host: postgresHost,
            port: values.postgresPort,
            adminUser: postgresAdminUser,
            adminPassword: postgresAdminPassword,
            sslMode: values.postgresSslMode,
          }
        : undefined,
  };
}

function groupMigration(
  source: ConfigurationSource,
  values: Values,
): ApplicationConfiguration["migration"] {
  if (values.migrationDump === undefined) return undefined;
  return {
    dump: localFile(source, values.migrationDump),
    renames: Object.fromEntries(
      values.migrationRenames.map((rename) => rename.split(":") as [string, string]),
    ),
    skippedModels: values.migrationSkippedModels,
    confirm: values.migrationConfirm,
  };
}
