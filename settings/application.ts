import { applicationPaths } from "../components/django/paths";
import { readCaFile } from "./databaseRules";
import { djangoHosts, proofHost } from "./hostNames";
import { localFile } from "./localFile";
import type { PostgresSettings } from "../components/postgres/args";
import type { ConfigurationSource } from "./read";
import type { Values } from "./schema";
import type { GitRepository } from "../components/django/git";
import type { Secret } from "../host/secret";

/** Where the application's source is taken from. */
export type SourceConfiguration =
  | { readonly kind: "folder"; readonly folder: string }
  | { readonly kind: "git"; readonly repository: GitRepository };

/** Settings of the application, of its service, its database and its old data. */
export interface ApplicationConfiguration {
  /** PRODUCTION=1 in the environment and PostgreSQL, or neither. */
  readonly production: boolean;
  /** Settings of DjangoApp. */
  readonly django: {
    /** Name of the application: of its folders on the host, and of the site. */
    readonly app: string;
    /** Folder of everything that is served. */
    readonly siteRoot: string;
    readonly source: SourceConfiguration;
    /** Django's settings, as Python names the module. */
    readonly settingsModule: string;
    /** File of the source that uWSGI loads. */
    readonly wsgi: string;
    /** File of the source that local settings take the place of. */
    readonly localSettings: string;
    readonly interpreter: string;
    readonly requirements: string;
    readonly extraRequirements: readonly string[];
    readonly secretKey: Secret | undefined;
    /** As Django takes them: `.example.org` for a wildcard. */
    readonly allowedHosts: readonly [string, ...string[]];
    /** Host header of the request that proves a release. */
    readonly proofHost: string;
    readonly healthPath: string;
    /** Releases and virtualenvs that stay. */
    readonly keep: number;
  };
  /** Settings of UwsgiService. */
  readonly uwsgi: {
    readonly application: string;
    readonly siteRoot: string;
    readonly wsgiFile: string;
    readonly interpreter: string;
    /** What is asked after each start and reload, and with which Host header. */
    readonly proofPath: string;
    readonly proofHost: string;
    readonly version: string;
    readonly socket: string;
    readonly processes: number;
    readonly harakiriSeconds: number;
    readonly listenQueue: number;
    readonly bufferSize: number;
    readonly stats: string;
    readonly log: string;
    readonly pidFile: string;
    readonly group: string | undefined;
    readonly environment: Readonly<Record<string, string>>;
    readonly options: readonly string[];
  };
  /** Settings of PostgresDatabase; undefined where the application uses its sqlite file. */
  readonly database: PostgresSettings | undefined;
  /** Settings of DataMigration; undefined where no old data is loaded. */
  readonly migration:
    | {
        /** Absolute path on this machine. */
        readonly dump: string;
        /** Old label to new label, such as `redirect.target` to `roasted.target`. */
        readonly renames: Readonly<Record<string, string>>;
        readonly skipModels: readonly string[];
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
  const settingsModule = values.settingsModule ?? `${values.appPackage}.settings`;
  const wsgi = `${values.appPackage}/wsgi.py`;
  // Neither list may be empty.
  const allowedHosts = djangoHosts(values.allowedHosts ?? values.serverNames) as [
    string,
    ...string[],
  ];
  // The rules hold that there is one.
  const host = proofHost(values.serverNames, allowedHosts) ?? allowedHosts[0];
  return {
    production: values.production,
    django: {
      app: values.siteName,
      siteRoot: values.siteRoot,
      source: applicationSource,
      settingsModule,
      wsgi,
      localSettings: `${settingsModule.replaceAll(".", "/")}/local.py`,
      interpreter: values.pythonInterpreter,
      requirements: values.requirementsFile,
      extraRequirements: values.extraRequirements,
      secretKey: values.djangoSecretKey,
      allowedHosts,
      proofHost: host,
      healthPath: values.healthCheckPath,
      keep: values.keptReleases,
    },
    uwsgi: {
      application: values.siteName,
      siteRoot: values.siteRoot,
      wsgiFile: `${applicationPaths(values.siteRoot, values.siteName).current}/${wsgi}`,
      interpreter: values.pythonInterpreter,
      proofPath: values.healthCheckPath,
      proofHost: host,
      version: values.uwsgiVersion,
      socket: values.uwsgiSocket,
      processes: values.uwsgiProcesses,
      harakiriSeconds: values.uwsgiHarakiriSeconds,
      listenQueue: values.uwsgiListenQueue,
      bufferSize: values.uwsgiBufferSize,
      stats: values.uwsgiStats,
      log: values.uwsgiLog,
      pidFile: values.uwsgiPidFile,
      group: values.uwsgiGroup,
      environment: Object.fromEntries(values.uwsgiEnvironment.map((line) => pair(line, "="))),
      options: values.uwsgiOptions,
    },
    database: values.production ? groupDatabase(source, values) : undefined,
    migration: groupMigration(source, values),
  };
}

function groupSource(source: ConfigurationSource, values: Values): SourceConfiguration | undefined {
  if (values.sourceFolder !== undefined) {
    return { kind: "folder", folder: localFile(source, values.sourceFolder) };
  }
  const { sourceUrl, sourceHostKey } = values;
  if (sourceUrl === undefined) return undefined;
  return {
    kind: "git",
    repository: {
      url: sourceUrl,
      ref: values.sourceRef,
      user: values.deployerUser,
      deployKey: values.sourceDeployKey,
      hostKey: sourceHostKey && { server: sshServer(sourceUrl), key: sourceHostKey.line },
    },
  };
}

/** The server in a git URL that goes through SSH, as known_hosts names it. */
function sshServer(url: string): string {
  if (!url.startsWith("ssh://")) return url.replace(/^[^@]*@/, "").replace(/:.*$/, "");
  const { hostname, port } = new URL(url);
  return port === "" || port === "22" ? hostname : `[${hostname}]:${port}`;
}

function groupDatabase(source: ConfigurationSource, values: Values): PostgresSettings {
  const { postgresHost, postgresAdminUser, postgresAdminPassword, postgresCaFile } = values;
  const authorities = postgresCaFile === undefined ? undefined : readCaFile(source, postgresCaFile);
  return {
    version: values.postgresVersion,
    provisioner: values.postgresProvisioner,
    packages: values.postgresPackages,
    service: values.postgresService,
    binaries: values.postgresBinaries,
    dataDirectory: values.postgresDataDirectory,
    port: values.postgresPort,
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
            // A file with a fault was refused before.
            authorities: authorities && "pem" in authorities ? authorities.pem : undefined,
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
    renames: Object.fromEntries(values.migrationRenames.map((rename) => pair(rename, ":"))),
    skipModels: values.migrationSkippedModels,
    confirm: values.migrationConfirm,
  };
}

/** What stands before and behind the first separator. */
function pair(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + separator.length)];
}
