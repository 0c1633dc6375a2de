import type { PostgresSettings, ResolvedSettings } from "../../components/postgres/args";
import { postgresVersion } from "../../settings/value";
import type { ModuleEntry } from "../../host/manifest/manifest";
import { UserError } from "../../host/userError";

/** Versions that tracks:postgresVersion takes, in words. */
export const supportedVersions = "9.2 to 9.6 and 10 to 18";

/** Whether tracks:postgresVersion takes the version that a server has: no other is recommended. */
export function isSupported(version: string): boolean {
  return postgresVersion.schema.safeParse(version).success;
}

/** First version that the provider supports. */
export const firstWithProvider = 14;
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
  const packages = settings.packages ?? [distributionPackage];
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
    packages,
    module: serverModule(version, packages, settings.moduleStream),
    service: settings.service ?? "postgresql",
    binaries: settings.binaries ?? "auto",
    dataDirectory: settings.dataDirectory ?? "auto",
    port: settings.port ?? 5432,
    external: settings.external,
    tunnelPort: settings.tunnelPort,
  };
  if (resolved.external !== undefined && Number(version) < firstWithProvider) {
    throw new PostgresError(
      `tracks:postgresVersion is ${version}, and tracks:postgresHost names a server elsewhere: role and database are made there by the @pulumi/postgresql provider, which supports ${firstWithProvider} and newer.`,
    );
  }
  if (resolved.external === undefined && resolved.user === resolved.provisioningUser) {
    throw new PostgresError(
      `tracks:databaseUser "${resolved.user}" is the role that makes roles and databases, which the application must not be able to do: give another name, such as deployer.`,
    );
  }
  return resolved;
}

/** The server's package where the distribution has one for all versions. */
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

/** A fault of the database's settings, or of the server that they are compared with. */
export class PostgresError extends UserError {
  constructor(message: string) {
    super("PostgresError", message);
  }
}
