import type { HostFacts } from "../../host/facts";
import type { ResolvedDatabase } from "../../components/postgres/resolve";
import type { Secret } from "../../host/secret";
import { errorOf, type ProblemParts } from "../../host/problem";
import { ProblemError } from "../../host/ProblemError";
import { isSupported, supportedVersions } from "./versions";

type Database = ResolvedDatabase<Secret>;

/** Whether a server has the site's role and its database. */
export interface Existing {
  readonly role: boolean;
  readonly database: boolean;
}

/** The error for a database server that does not fit the component's arguments. */
export function databaseError(...problems: readonly ProblemParts[]): ProblemError {
  return new ProblemError("The database can't be used as configured", problems.map(errorOf));
}

const anotherServer =
  "or set PostgresDatabase.external.host to ADDRESS   (uses a server elsewhere)";

/**
 * Compares the component's arguments with the host's PostgreSQL server as the preflight found it.
 *
 * @param facts undefined when the host could not be reached: then the result has no role and no database
 * @throws {@link ProblemError} when `up` could miss existing data, or leave them behind
 */
export function compareWithHost(settings: Database, facts: HostFacts | undefined): Existing {
  if (facts === undefined) return { role: false, database: false };
  checkVersion(settings, facts);
  const data = facts.facts.get("postgresql-data") ?? "absent";
  if (data === "absent") return { role: false, database: false };

  const start = startCommand(settings.service, facts);
  const service = facts.facts.get("postgresql-service");
  const unread = "This program can't see which role and database the data have.";
  if (service === "absent") {
    throw databaseError({
      subject: "PostgresDatabase.service",
      given: settings.service,
      found: `data of PostgreSQL in ${data}, and no such service on the host`,
      fix: [
        "install the server that created the data, on the host",
        `${start}   (then, on the host, as root)`,
      ],
      reason: unread,
    });
  }
  if (service !== "running") {
    throw databaseError({
      subject: `The service ${settings.service} on the host`,
      found: `stopped, with data of PostgreSQL in ${data}`,
      allowed: "a running service",
      fix: [`${start}   (on the host, as root)`],
      reason: unread,
    });
  }
  const roles = facts.facts.get("postgresql-roles") ?? "unknown";
  const databases = facts.facts.get("postgresql-databases") ?? "unknown";
  if (roles === "unknown") {
    throw databaseError({
      subject: "PostgreSQL on the host does not let the system user postgres log in",
      given: `its local socket, port ${settings.port} (PostgresDatabase.port)`,
      fix: [
        `local all postgres peer   (in ${data}/pg_hba.conf, above the line that refuses; then reload the service ${settings.service})`,
        "or set PostgresDatabase.port to PORT   (where the server has another port)",
      ],
      reason: facts.facts.get("postgresql-said"),
    });
  }
  checkEncryption(settings, facts, data);
  const existing = { roles: new Set(roles.split(" ")), databases: new Set(databases.split(" ")) };
  const former = formerNames(facts);
  if (former !== undefined) {
    const psql = { command: "psql", where: "on the host, as postgres" };
    refuseFormerNames(settings, former, existing, psql);
  }
  return {
    role: existing.roles.has(settings.user),
    database: existing.databases.has(settings.database),
  };
}

function checkVersion({ version, packages, service }: Database, facts: HostFacts): void {
  const installed = facts.facts.get("postgresql-server") ?? "absent";
  if (installed === version || installed === "unknown") return;
  if (installed === "absent") {
    const release = Number.parseInt(facts.facts.get("os-version") ?? "", 10);
    if (release !== 6 || !packages.includes("postgresql-server")) return;
    throw databaseError({
      subject: "PostgresDatabase.packages",
      given: "postgresql-server, which is PostgreSQL 8.4 on Enterprise Linux 6",
      allowed: `PostgreSQL ${supportedVersions}`,
      fix: [
        "install a newer server on the host by hand, and: set PostgresDatabase.packages to []",
        anotherServer,
      ],
    });
  }
  const move = moveCommands({ version, service, installed }, facts.facts.get("postgresql-data"));
  const problem = {
    subject: "PostgresDatabase.version",
    given: version,
    found: `PostgreSQL ${installed} on the host`,
  };
  throw databaseError(
    isSupported(installed)
      ? {
          ...problem,
          fix: [
            `set PostgresDatabase.version to ${installed}   (keeps the server)`,
            `or move to ${version}, on the host, as root:`,
            ...move,
          ],
        }
      : {
          ...problem,
          allowed: `PostgreSQL ${supportedVersions}`,
          fix: [`move to ${version}, on the host, as root:`, ...move, anotherServer],
        },
  );
}

/** A server does not start on the data of another version: they are dumped, and loaded into a new cluster. */
function moveCommands(
  { version, service, installed }: { version: string; service: string; installed: string },
  data = "absent",
): string[] {
  const install = [
    `  install PostgreSQL ${version}; where the repositories have module streams:`,
    "    dnf module reset postgresql",
    `    dnf module enable postgresql:${version}`,
    "    dnf distro-sync 'postgresql*'",
  ];
  if (data === "absent") return install;
  return [
    "  su - postgres -c pg_dumpall > ~/postgresql.sql",
    `  service ${service} stop`,
    `  mv ${data} ${data}.${installed}`,
    ...install,
    "  postgresql-setup --initdb",
    `  service ${service} start`,
    "  su - postgres -c psql < ~/postgresql.sql",
  ];
}

/** Before 9.4 SQL can't change a server's settings. */
function checkEncryption({ version, service }: Database, facts: HostFacts, data: string) {
  if (!["9.2", "9.3"].includes(version)) return;
  if (facts.facts.get("postgresql-encryption") !== "off") return;
  throw databaseError({
    subject: "PostgreSQL on the host stores passwords in plain text",
    found: "password_encryption = off",
    allowed: "password_encryption = on",
    fix: [
      `password_encryption = on   (in ${data}/postgresql.conf; then reload the service ${service})`,
    ],
    reason: `This program can't change a setting of PostgreSQL ${version}.`,
  });
}

/**
 * Refuses a changed name: the data would stay under the former one, and the site get an empty database.
 *
 * @param psql the command that runs psql for that server
 * @throws {@link ProblemError} with the commands that rename
 */
export function refuseFormerNames(
  settings: Database,
  { role, database }: { readonly role: string; readonly database: string },
  existing: { readonly roles: ReadonlySet<string>; readonly databases: ReadonlySet<string> },
  psql: Psql,
): void {
  const problems: ProblemParts[] = [
    ...(role !== settings.user && existing.roles.has(role)
      ? [
          {
            subject: "PostgresDatabase.user",
            given: `"${settings.user}"`,
            found: `the site's role "${role}"`,
            fix: [
              `${psql.command} -c 'ALTER ROLE "${role}" RENAME TO "${settings.user}"'   (${psql.where}; stop the site first)`,
              `or set PostgresDatabase.user to "${role}"`,
            ],
            reason: "The data would stay with the former role.",
          },
        ]
      : []),
    ...(database !== settings.database && existing.databases.has(database)
      ? [
          {
            subject: "PostgresDatabase.database",
            given: `"${settings.database}"`,
            found: `the site's data in the database "${database}"`,
            fix: [
              `${psql.command} -c 'ALTER DATABASE "${database}" RENAME TO "${settings.database}"'   (${psql.where}; stop the site first)`,
              `or set PostgresDatabase.database to "${database}"`,
            ],
            reason: "The site would go live with an empty database.",
          },
        ]
      : []),
  ];
  if (problems.length > 0) throw databaseError(...problems);
}

/** psql for a person: the command, and where to run it. */
interface Psql {
  readonly command: string;
  readonly where: string;
}

/** Names of role and database that this stack last applied to the host's server, from what the host remembers. */
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
