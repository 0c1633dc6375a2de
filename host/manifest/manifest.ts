/**
 * The state that the host must have, in lines that a person can review.
 *
 * A manifest is the only text that travels to the host script (`host/script/`), in the `stdin` of
 * a `remote.Command`, so that `pulumi preview --diff` shows a changed configuration line as a
 * changed line. Rendering is pure. `host/script/README.md` has the grammar.
 */

import { type ApplicationEntry, renderApplicationEntry } from "./application";
import { type DataLoadEntry, renderDataLoad } from "./dataLoad";
import { block, manifestError, oneLine, path, secretAttribute, word } from "./text";

/** Permissions of a path: names, not numbers, since ids differ from host to host. */
export interface Ownership {
  /** User that owns the path. @default "root" */
  owner?: string;
  /** Group that owns the path. @default the owner's primary group, which the host script looks up */
  group?: string;
  /** Permission bits in octal, four digits, such as `"0644"`. */
  mode?: string;
  /** SELinux type, set before the swap where SELinux is enabled; such as `"httpd_log_t"`. */
  context?: string;
}

/** An entry for some hosts only. */
export interface Conditional {
  /** Applies only where systemd has this unit, such as `"logrotate.service"`. @default everywhere */
  unit?: string;
}

/** A regular file with exactly this content. The host keeps what was there before, and puts it back on remove. */
export interface FileEntry extends Ownership, Conditional {
  kind: "file";
  path: string;
  content: string;
  /** Program that checks the new file before it replaces the live one. */
  check?: "sudoers";
  /**
   * Keeps the content out of every record, log and diff, and leaves placeholders in it alone. The whole
   * manifest's text must be a secret then.
   */
  secret?: boolean;
}

export interface DirectoryEntry extends Ownership, Conditional {
  kind: "directory";
  path: string;
}

export interface SymlinkEntry {
  kind: "symlink";
  path: string;
  /** Target as written in the link; a relative one starts at the link's directory. */
  target: string;
}

/** A path that must not exist. The host keeps what was there before, and puts it back on remove. */
export interface AbsentEntry {
  kind: "absent";
  path: string;
  /** Removes only a file that is as its package installed it. @default removes any */
  of?: "package";
}

/** One `key = value` in a section of a file that another program owns, such as /etc/yum.conf. */
export interface SettingEntry {
  kind: "setting";
  path: string;
  section: string;
  key: string;
  value: string;
}

/** A package, by the first of its names that the host's repositories or its RPM database know. */
export interface PackageEntry {
  kind: "package";
  names: [string, ...string[]];
}

/** A package that pip compiles for, and installs into, the system's own Python. */
export interface PipPackageEntry {
  kind: "pip-package";
  name: string;
  version: string;
  /** Path of the interpreter whose pip installs it, and whose library it is linked with. */
  interpreter: string;
  /** Program in the package, which prints its version with `--version`. */
  program: string;
}

/** A dnf module stream, such as `postgresql:15`; skipped where the package manager has no modules. */
export interface ModuleEntry {
  kind: "module";
  stream: string;
  /** Package to install instead where it has that version. @default none */
  package?: string;
}

export interface UserEntry {
  kind: "user";
  name: string;
  home: string;
  shell: string;
  /** Supplementary groups. */
  groups?: string[];
  /** A system account without a login. @default false */
  system?: boolean;
}

/** The password of an existing user; the manifest that holds it is secret as a whole. */
export interface PasswordEntry {
  kind: "password";
  user: string;
  password: string;
}

/** A service that runs and starts at boot. */
export interface ServiceEntry {
  kind: "service";
  name: string;
}

export interface SelinuxBooleanEntry {
  kind: "selinux-boolean";
  name: string;
  value: "on" | "off";
}

export interface SelinuxPortEntry {
  kind: "selinux-port";
  type: string;
  protocol: "tcp" | "udp";
  port: number;
}

/** A persistent file context rule (semanage fcontext). */
export interface SelinuxContextEntry {
  kind: "selinux-context";
  /** Regular expression of paths, as semanage takes it: `/microarray(/.*)?`; see `subtree`. */
  pattern: string;
  type: string;
}

/** A port opened in firewalld, permanently and at once, where firewalld runs. */
export interface FirewallPortEntry {
  kind: "firewall-port";
  protocol: "tcp" | "udp";
  port: number;
}

/** A PostgreSQL server: its cluster, which is created where none exists, and its service, which runs and starts at boot. */
export interface PostgresqlServerEntry {
  kind: "postgresql-server";
  /** Major version that the host's server must have, such as `15` or `9.2`. */
  version: string;
  /** Name of its service. */
  service: string;
  /** Directory of its programs; with `auto` the service's own, or else the first directory that has them. */
  binaries: string;
  /** Its data directory; with `auto` the one that the service declares. */
  dataDirectory: string;
  port: number;
  /** How the server stores passwords that are set from now on. */
  encryption: PasswordEncryption;
}

/** How PostgreSQL stores a password; servers before 10 know `md5` only. */
export type PasswordEncryption = "scram-sha-256" | "md5";

/** A role that may log in to some databases over 127.0.0.1 with its password. */
export interface PostgresqlAccessEntry {
  kind: "postgresql-access";
  role: string;
  databases: [string, ...string[]];
}

/** A role that logs in, with its password; the manifest that holds it is secret as a whole. */
export interface PostgresqlRoleEntry {
  kind: "postgresql-role";
  name: string;
  password: string;
  /** @default false */
  createDatabase?: boolean;
  /** @default false */
  createRole?: boolean;
}

/** A database and the role that owns it, and so may do everything in it. */
export interface PostgresqlDatabaseEntry {
  kind: "postgresql-database";
  name: string;
  owner: string;
}

/** Gives the provisioning role, which is no superuser, what it needs on an existing database and role. */
export interface PostgresqlAdoptionEntry {
  kind: "postgresql-adoption";
  database: string;
  /** The role that must own the database. */
  role: string;
  provisioner: string;
}

/** The database that the stack uses, on whichever server: the host only remembers it. */
export interface PostgresqlSiteEntry {
  kind: "postgresql-site";
  database: string;
  role: string;
  /** Identifies the server, in one word. */
  server: string;
  /** Differs for a database that was recreated; hexadecimal. */
  generation: string;
}

export type ManifestEntry =
  | FileEntry
  | DirectoryEntry
  | SymlinkEntry
  | AbsentEntry
  | SettingEntry
  | PackageEntry
  | PipPackageEntry
  | ModuleEntry
  | UserEntry
  | PasswordEntry
  | ServiceEntry
  | SelinuxBooleanEntry
  | SelinuxPortEntry
  | SelinuxContextEntry
  | FirewallPortEntry
  | PostgresqlServerEntry
  | PostgresqlAccessEntry
  | PostgresqlRoleEntry
  | PostgresqlDatabaseEntry
  | PostgresqlAdoptionEntry
  | PostgresqlSiteEntry
  | DataLoadEntry
  | ApplicationEntry;

/** Part of the host that is validated, locked, reloaded and proven as one; `none` has paths only. */
export type Subsystem =
  | "none"
  | "packages"
  | "users"
  | "nginx"
  | "logrotate"
  | "postgresql"
  | "pip"
  | "uwsgi"
  | "source"
  | "settings"
  | "application"
  | "data-migration";

export interface Manifest {
  /** Name of the resource on the host, unique in its stack: `nginx`, `user-deployer`. */
  name: string;
  subsystem: Subsystem;
  entries: ManifestEntry[];
}

/** A manifest as a component writes it; `Host` adds the resource's name. */
export type ResourceManifest = Omit<Manifest, "name">;

/** Placeholder for the file of yum's main settings, whose path the script looks up on the host. */
export const yumConf = "@@YUM_CONF@@";

/** Placeholder in a file's content for a user's primary group, which the script looks up on the host. */
export function primaryGroupOf(user: string): string {
  return `@@GROUP_OF ${user}@@`;
}

/** First line of every manifest; the script drops everything before it (a sudo password). */
export const manifestHeader = "tracks-manifest 1";

/**
 * Renders a manifest as the text that the host script takes.
 *
 * @param via the login that applies it, as `connectionFingerprint` names it; the host records it: so a
 *   preview notices a changed key before a destroy needs the old one
 * @throws {@link ProblemError} for a value that the line format can't hold
 */
export function renderManifest(manifest: Manifest, via: string): string {
  return [
    manifestHeader,
    `resource ${word(manifest.name)}`,
    `subsystem ${manifest.subsystem}`,
    `via ${oneLine(via)}`,
    ...manifest.entries.flatMap(renderEntry),
    "end",
    "",
  ].join("\n");
}

/** A package as settings name it, with `|` between alternatives. */
export function packageEntry(names: string): PackageEntry {
  const [first = names, ...others] = names.split("|");
  return { kind: "package", names: [first, ...others] };
}

/** An entry without content as one line, for a question to `survey`. */
export function renderLine(entry: ManifestEntry): string {
  return renderEntry(entry).join("\n");
}

function renderEntry(entry: ManifestEntry): string[] {
  switch (entry.kind) {
    case "file": {
      const attributes = [
        ...ownership(entry, "0644"),
        ...(entry.check ? [`check=${entry.check}`] : []),
        ...(entry.secret ? [secretAttribute] : []),
        ...(entry.content === "" || entry.content.endsWith("\n") ? [] : ["eol=no"]),
      ];
      return [`file ${path(entry.path)} ${attributes.join(" ")}`, ...block(entry.content)];
    }
    case "directory":
      return [`directory ${path(entry.path)} ${ownership(entry, "0755").join(" ")}`];
    case "symlink":
      return [`symlink ${path(entry.path)} -> ${word(entry.target)}`];
    case "absent":
      return [`absent ${path(entry.path)}${entry.of ? ` of=${entry.of}` : ""}`];
    case "setting":
      return [
        `setting ${entry.path === yumConf ? yumConf : path(entry.path)} section=${word(entry.section)} key=${word(entry.key)}`,
        ...block(oneLine(entry.value)),
      ];
    case "package":
      return [`package ${entry.names.map(word).join(" ")}`];
    case "pip-package":
      return [
        `pip-package ${word(entry.name)} ${word(entry.version)} python=${path(entry.interpreter)} program=${word(entry.program)}`,
      ];
    case "module":
      return [
        `module ${word(entry.stream)}${entry.package === undefined ? "" : ` package=${word(entry.package)}`}`,
      ];
    case "user": {
      const groups = entry.groups?.length ? [`groups=${entry.groups.map(word).join(",")}`] : [];
      const attributes = [`home=${path(entry.home)}`, `shell=${path(entry.shell)}`, ...groups];
      return [
        `user ${word(entry.name)} ${attributes.join(" ")} system=${entry.system ? "yes" : "no"}`,
      ];
    }
    case "password":
      return [`password ${word(entry.user)}`, ...block(oneLine(entry.password))];
    case "service":
      return [`service ${word(entry.name)}`];
    case "selinux-boolean":
      return [`selinux-boolean ${word(entry.name)} ${entry.value}`];
    case "selinux-port":
      return [`selinux-port ${word(entry.type)} ${entry.protocol} ${entry.port}`];
    case "selinux-context":
      return [`selinux-context ${word(entry.type)} ${oneLine(entry.pattern)}`];
    case "firewall-port":
      return [`firewall-port ${entry.protocol} ${entry.port}`];
    case "postgresql-server": {
      const places = [entry.binaries, entry.dataDirectory].map((place) =>
        place === "auto" ? place : path(place),
      );
      return [
        `postgresql-server ${word(entry.version)} service=${word(entry.service)} binaries=${places[0] ?? ""} data=${places[1] ?? ""} port=${entry.port} encryption=${entry.encryption}`,
      ];
    }
    case "postgresql-access":
      return [
        `postgresql-access ${word(entry.role)} databases=${entry.databases.map(word).join(",")}`,
      ];
    case "postgresql-role":
      return [
        `postgresql-role ${word(entry.name)} createdb=${yesNo(entry.createDatabase)} createrole=${yesNo(entry.createRole)}`,
        ...block(oneLine(entry.password)),
      ];
    case "postgresql-database":
      return [`postgresql-database ${word(entry.name)} owner=${word(entry.owner)}`];
    case "postgresql-adoption":
      return [
        `postgresql-adoption ${word(entry.database)} role=${word(entry.role)} provisioner=${word(entry.provisioner)}`,
      ];
    case "postgresql-site":
      return [
        `postgresql-site ${word(entry.database)} role=${word(entry.role)} server=${word(entry.server)} generation=${word(entry.generation)}`,
      ];
    case "data-load":
      return renderDataLoad(entry);
    default:
      return renderApplicationEntry(entry);
  }
}

function ownership(entry: Ownership & Conditional, defaultMode: string): string[] {
  const owner = entry.owner ?? "root";
  const group = entry.group ?? (owner === "root" ? "root" : undefined);
  const mode = entry.mode ?? defaultMode;
  if (!/^[0-7]{4}$/.test(mode)) {
    throw manifestError({
      subject: "mode",
      given: JSON.stringify(mode),
      allowed: 'four octal digits, such as "0644"',
    });
  }
  return [
    `owner=${word(owner)}`,
    ...(group === undefined ? [] : [`group=${word(group)}`]),
    `mode=${mode}`,
    ...(entry.context ? [`context=${word(entry.context)}`] : []),
    ...(entry.unit ? [`unit=${word(entry.unit)}`] : []),
  ];
}

function yesNo(value: boolean | undefined): string {
  return value === true ? "yes" : "no";
}
