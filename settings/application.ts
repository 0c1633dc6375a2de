import type { DatabaseServer } from "../components/args/PostgresDatabase";
import type { GitRepository } from "../components/args/DjangoApp";
import type { Secret } from "../host/secret";
import { argsOf } from "./argsOf";
import { readCaFile } from "./databaseRules";
import { djangoHosts, proofHost } from "./hostNames";
import { localFile } from "./localFile";
import type { ConfigurationSource } from "./read";
import type { Values } from "./schema";

/** Location of the application's source. */
export type SourceConfiguration =
  | { readonly kind: "folder"; readonly folder: string }
  | { readonly kind: "git"; readonly repository: GitRepository };

/** Settings of the application, its service, its database and its old data. */
export type ApplicationConfiguration = NonNullable<ReturnType<typeof groupApplication>>;

/** The application's settings, grouped by component; undefined where the stack has no application. */
export function groupApplication(
  source: ConfigurationSource,
  values: Values,
  owner: { readonly user: string; readonly home: string },
) {
  const from = groupSource(source, values);
  if (from === undefined) return undefined;
  const { siteName: app, siteRoot, production } = values;
  const django = argsOf("DjangoApp", values);
  const settingsModule = django.localSettings ?? `${django.wsgi}.settings`;
  const wsgi = `${django.wsgi.replaceAll(".", "/")}/wsgi.py`;
  const allowedHosts = djangoHosts(django.allowedHosts ?? values.serverNames);
  // The rules make sure that one exists.
  const host = proofHost(values.serverNames, allowedHosts) ?? "localhost";
  return {
    /** Arguments of DjangoApp without the source, which the preflight packs or looks up. */
    django: {
      ...django,
      ...owner,
      app,
      siteRoot,
      port: values.listenPort,
      source: from,
      /** Dotted name of Django's settings. */
      settingsModule,
      wsgi,
      localSettings: `${settingsModule.replaceAll(".", "/")}/local.py`,
      allowedHosts,
      proofHost: host,
    },
    /** Arguments of Uwsgi. */
    uwsgi: {
      ...argsOf("Uwsgi", values),
      ...owner,
      production,
      application: app,
      siteRoot,
      wsgi,
      interpreter: django.interpreter,
      proofPath: django.healthPath,
      proofHost: host,
    },
    /** Arguments of PostgresDatabase; undefined where the application uses its sqlite file. */
    database: production ? groupDatabase(source, values) : undefined,
    /** Arguments of DataMigration, with the dump's path on this machine; undefined without old data. */
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

/** The server in a git URL over SSH, by its name in known_hosts. */
function sshServer(url: string): string {
  if (!url.startsWith("ssh://")) return url.replace(/^[^@]*@/, "").replace(/:.*$/, "");
  const { hostname, port } = new URL(url);
  return port === "" || port === "22" ? hostname : `[${hostname}]:${port}`;
}

function groupDatabase(source: ConfigurationSource, values: Values): DatabaseServer<Secret> {
  const { external, ...database } = argsOf("PostgresDatabase", values);
  const { host, adminUser, adminPassword, sslMode, authorities: file } = external;
  const read = file === undefined ? undefined : readCaFile(source, file);
  // A file with an error was refused before.
  const authorities = read && "pem" in read ? read.pem : undefined;
  if (host === undefined || adminUser === undefined || adminPassword === undefined) return database;
  return {
    ...database,
    external: { host, port: database.port, adminUser, adminPassword, sslMode, authorities },
  };
}

function groupMigration(source: ConfigurationSource, values: Values) {
  const { dump, ...migration } = argsOf("DataMigration", values);
  return dump === undefined ? undefined : { ...migration, dump: localFile(source, dump) };
}
