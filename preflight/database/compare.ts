import type { HostFacts } from "../../host/facts";
import type { ResolvedDatabase } from "../../components/postgres/resolve";
import type { Secret } from "../../host/secret";
import { isSupported, PostgresError, supportedVersions } from "./PostgresError";

type Database = ResolvedDatabase<Secret>;

/** Which of the site's things a server has. */
export interface Existing {
  readonly role: boolean;
  readonly database: boolean;
}

/**
 * Compares the settings with the host's PostgreSQL server as the preflight found it.
 *
 * @param facts undefined when the host could not be asked: then nothing is known to exist
 * @throws {@link PostgresError} when going on could take existing data for missing, or leave them behind
 */
export function compareWithHost(settings: Database, facts: HostFacts | undefined): Existing {
  if (facts === undefined) return { role: false, database: false };
  checkVersion(settings, facts);
  const data = facts.facts.get("postgresql-data") ?? "absent";
  if (data === "absent") return { role: false, database: false };

  const start = startCommand(settings.service, facts);
  const service = facts.facts.get("postgresql-service");
  if (service === "absent") {
    throw new PostgresError(
      `The host has PostgreSQL's data in ${data} and no service ${settings.service}: what is in there can't be asked for, and is not taken for missing. Install the server that made the data, start it (${start}), and run this again.`,
    );
  }
  if (service !== "running") {
    throw new PostgresError(
      `PostgreSQL on the host is stopped, and has data in ${data}: what is in there can't be asked for, and is not taken for missing. Start it on the host and run this again: ${start}`,
    );
  }
  const roles = facts.facts.get("postgresql-roles") ?? "unknown";
  const databases = facts.facts.get("postgresql-databases") ?? "unknown";
  if (roles === "unknown") {
    const said = facts.facts.get("postgresql-said");
    throw new PostgresError(
      `PostgreSQL on the host does not let the system user postgres in at port ${settings.port} of its local socket${said === undefined ? "" : `: ${said}`}. If it refuses the login, put the line \`local all postgres peer\` above the line of ${data}/pg_hba.conf that does, and reload the service ${settings.service}; who logs in as postgres by a password can do so at 127.0.0.1. If it has another port, set tracks:postgresPort.`,
    );
  }
  checkEncryption(settings, facts, data);
  const existing = { roles: new Set(roles.split(" ")), databases: new Set(databases.split(" ")) };
  const former = formerNames(facts);
  if (former !== undefined) {
    refuseFormerNames(settings, former, existing, "on the host as postgres: psql");
  }
  return {
    role: existing.roles.has(settings.user),
    database: existing.databases.has(settings.database),
  };
}

function checkVersion({ version, packages }: Database, facts: HostFacts): void {
  const installed = facts.facts.get("postgresql-server") ?? "absent";
  if (installed === version || installed === "unknown") return;
  if (installed === "absent") {
    const release = Number.parseInt(facts.facts.get("os-version") ?? "", 10);
    if (release !== 6 || !packages.includes("postgresql-server")) return;
    throw new PostgresError(
      `tracks:postgresPackages is postgresql-server, which is PostgreSQL 8.4 on Enterprise Linux 6: ${supportedVersions} are supported. Install a newer server there by hand and set tracks:postgresPackages to '[]', or use a server elsewhere: pulumi config set tracks:postgresHost`,
    );
  }
  if (!isSupported(installed)) {
    throw new PostgresError(
      `The host has PostgreSQL ${installed}: ${supportedVersions} are supported. Dump the data, install PostgreSQL ${version} by hand and load the data again, or use a server elsewhere: pulumi config set tracks:postgresHost`,
    );
  }
  throw new PostgresError(
    `The host has PostgreSQL ${installed}, tracks:postgresVersion is ${version}. Use what is there: pulumi config set tracks:postgresVersion ${installed}. To move to ${version}, dump the data, install that version by hand (dnf module reset postgresql; dnf module enable postgresql:${version}; dnf distro-sync) and load the data again.`,
  );
}

/** Before 9.4 a server takes no setting by SQL. */
function checkEncryption({ version, service }: Database, facts: HostFacts, data: string) {
  if (!["9.2", "9.3"].includes(version)) return;
  if (facts.facts.get("postgresql-encryption") !== "off") return;
  throw new PostgresError(
    `PostgreSQL on the host keeps passwords as they are (password_encryption is off), and ${version} can't be told otherwise from here. Write \`password_encryption = on\` into ${data}/postgresql.conf, reload the service ${service} and run this again.`,
  );
}

/**
 * A changed name would leave the data under the former one, and the site with an empty database.
 *
 * @param psql how a person runs it for that server
 * @throws {@link PostgresError} that says how to rename by hand
 */
export function refuseFormerNames(
  settings: Database,
  { role, database }: { readonly role: string; readonly database: string },
  existing: { readonly roles: ReadonlySet<string>; readonly databases: ReadonlySet<string> },
  psql: string,
): void {
  const faults = [
    ...(role !== settings.user && existing.roles.has(role)
      ? [
          `tracks:databaseUser is "${settings.user}", and the site's role is "${role}". To rename it, stop the site and run ${psql} -c 'ALTER ROLE "${role}" RENAME TO "${settings.user}"' (up sets its password again). Else set tracks:databaseUser back.`,
        ]
      : []),
    ...(database !== settings.database && existing.databases.has(database)
      ? [
          `tracks:databaseName is "${settings.database}", and the site's data are in "${database}". To rename it, stop the site and run ${psql} -c 'ALTER DATABASE "${database}" RENAME TO "${settings.database}"'. Else set tracks:databaseName back.`,
        ]
      : []),
  ];
  if (faults.length > 0) throw new PostgresError(faults.join("\n"));
}

/** The names that this stack last applied to the host's server, from what the host remembers of it. */
function formerNames(facts: HostFacts): { role: string; database: string } | undefined {
  for (const { manifest } of facts.resources.values()) {
    if (manifest?.includes("subsystem postgresql") !== true) continue;
    // The provisioning role's line names two databases.
    for (const line of manifest) {
      const access = /^postgresql-access (\S+) databases=([^\s,]+)$/.exec(line);
      if (access?.[1] !== undefined && access[2] !== undefined) {
        return { role: access[1], database: access[2] };
      }
    }
  }
  return undefined;
}

function startCommand(service: string, facts: HostFacts): string {
  return facts.facts.get("init") === "sysv"
    ? `service ${service} start`
    : `systemctl start ${service}`;
}
