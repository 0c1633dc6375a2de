import type { ModuleEntry, PasswordEncryption } from "../../host/manifest/manifest";
import { withDefaults } from "../args/argument";
import {
  type DatabaseServer,
  firstWithProvider,
  postgresDatabaseArguments,
  type ServerPackages,
} from "../args/PostgresDatabase";

/** A database and its server, with every default that depends neither on the host nor on the stack. */
export type ResolvedDatabase<Password> = ReturnType<typeof resolveDatabase<Password>>;

/** First version that stores passwords as SCRAM verifiers. */
const firstWithScram = 10;

/** Adds the defaults. */
export function resolveDatabase<Password>(args: DatabaseServer<Password>) {
  const given = withDefaults<DatabaseServer<Password>, typeof postgresDatabaseArguments>(
    postgresDatabaseArguments,
    args,
  );
  const usual = Number(given.version) >= firstWithProvider ? "provider" : "psql";
  const encryption: PasswordEncryption =
    Number(given.version) >= firstWithScram ? "scram-sha-256" : "md5";
  return {
    ...given,
    // psql needs the socket of a server on the host.
    provisioner: given.external === undefined ? (given.provisioner ?? usual) : "provider",
    encryption,
    ...resolveServer(given),
    binaries: given.binaries ?? "auto",
    dataDirectory: given.dataDirectory ?? "auto",
  };
}

/** Packages of the host's own server, as given; undefined for a server elsewhere. */
export function ownServer({
  external,
  version,
  packages,
  moduleStream,
}: Partial<DatabaseServer<unknown>>): ServerPackages | undefined {
  return external === undefined ? { version, packages, moduleStream } : undefined;
}

/** Packages and module stream of a server on the host. */
export function resolveServer({
  version = postgresDatabaseArguments.version.fallback,
  packages = postgresDatabaseArguments.packages.fallback,
  moduleStream,
}: ServerPackages) {
  return {
    packages,
    /** Decides the version of `postgresql-server`; undefined for other packages. */
    module: serverModule(version, packages, moduleStream),
  };
}

/** The distribution's package of the server, the same for all versions. */
const distributionPackage = "postgresql-server";

function serverModule(
  version: string,
  packages: readonly string[],
  given: string | false | undefined,
): ModuleEntry | undefined {
  const isDistributions = packages.some((names) => names.split("|").includes(distributionPackage));
  if (given === false || (given === undefined && !isDistributions)) return undefined;
  return {
    kind: "module",
    stream: given ?? `postgresql:${version}`,
    ...(isDistributions ? { package: distributionPackage } : {}),
  };
}
