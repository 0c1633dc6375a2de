/**
 * What the host shall look like, in lines that a person can review.
 *
 * A manifest is the only text that travels to the host script (`host/script/`), in the `stdin` of
 * a `remote.Command`, so that `pulumi preview --diff` shows a changed configuration line as a
 * changed line. Rendering is pure; the grammar is written down in `host/script/README.md`.
 */

import { type ApplicationEntry, renderApplicationEntry } from "./application";
import { type DataLoadEntry, renderDataLoad } from "./dataLoad";
import { block, ManifestError, oneLine, path, secretAttribute, word } from "./text";

export { ManifestError } from "./text";

/** Permissions of a path: names, not numbers, since ids differ from host to host. */
export interface Ownership {
  /** User that owns the path. @default "root" */
  owner?: string;
  /** Group that owns the path. @default the owner's primary group, which the host is asked for */
  group?: string;
  /** Permission bits in octal, four digits, such as `"0644"`. */
  mode?: string;
  /** SELinux type, set before the swap where SELinux is enabled; such as `"httpd_log_t"`. */
  context?: string;
}

/** What only some hosts have a use for. */
export interface Conditional {
  /** Only where systemd has this unit, such as `"logrotate.service"`; elsewhere the entry says nothing. */
  unit?: string;
}

/** A regular file with exactly this content. What stood there before is kept and comes back on remove. */
export interface FileEntry extends Ownership, Conditional {
  kind: "file";
  path: string;
  content: string;
  /** Checks the candidate before it replaces the live file. */
  check?: "sudoers";
  /**
   * The content appears in no record, log or diff, and is written as it is, placeholders included.
   * Needs `secret` on the whole manifest's text.
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
  /** What the link says, verbatim; relative targets are relative to the link's directory. */
  target: string;
}

/** Nothing shall stand at this path; what stood there is kept and comes back on remove. */
export interface AbsentEntry {
  kind: "absent";
  path: string;
  /** Only what is as a package brought it goes; anybody else's file stays. @default anybody's goes */
  of?: "package";
}

/** One `key = value` in a section of a file that belongs to somebody else, such as /etc/yum.conf. */
export interface SettingEntry {
  kind: "setting";
  path: string;
  section: string;
  key: string;
  value: string;
}

/** A package; the first name that the host's repositories or database know is the one installed. */
export interface PackageEntry {
  kind: "package";
  names: [string, ...string[]];
}

/** A package of pip's, compiled for and installed into the system's own Python. */
export interface PipPackageEntry {
  kind: "pip-package";
  name: string;
  version: string;
  /** Path of the interpreter whose pip installs it, and whose library it is linked with. */
  interpreter: string;
  /** The program it brings, which tells its version when asked with `--version`. */
  program: string;
}

/** A dnf module stream, such as `postgresql:15`; skipped where the package manager has no modules. */
export interface ModuleEntry {
  kind: "module";
  stream: string;
  /** A plain package that will do in the stream's place where it has that version. @default none */
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

/** A PostgreSQL server: a cluster is made where there is none, its service runs and starts at boot. */
export interface PostgresqlServerEntry {
  kind: "postgresql-server";
  /** Major version that the host's server must have, such as `15` or `9.2`. */
  version: string;
  /** Name of its service. */
  service: string;
  /** Directory of its programs; `auto` is what the service declares, else where they are found. */
  binaries: string;
  /** Its data directory; `auto` is the one that the service declares. */
  dataDirectory: string;
  port: number;
  /** How passwords that are set from now on are kept. */
  encryption: PasswordEncryption;
}

/** How PostgreSQL keeps a password: `md5` is all that servers before 10 know. */
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

/** A database and the role that owns it, which thereby may do everything in it. */
export interface PostgresqlDatabaseEntry {
  kind: "postgresql-database";
  name: string;
  owner: string;
}

/** Prepares an existing database and role for the provisioning role, which is no superuser. */
export interface PostgresqlAdoptionEntry {
  kind: "postgresql-adoption";
  database: string;
  /** The role that shall own the database. */
  role: string;
  provisioner: string;
}

/** The database that the stack uses, wherever it is: nothing is done for it, but the host remembers it. */
export interface PostgresqlSiteEntry {
  kind: "postgresql-site";
  database: string;
  role: string;
  /** The server, in one word that tells it from others. */
  server: string;
  /** Another one for a database that was made anew; hexadecimal. */
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

/** What is validated, locked, reloaded and proven as one; `none` just has paths. */
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

/** What a resource says of the host; its name there is the host's business. */
export type ResourceManifest = Omit<Manifest, "name">;

/** Stands for the file of yum's main settings, which the script looks up on the host. */
export const yumConf = "@@YUM_CONF@@";

/** Stands in a file's content for the primary group of a user, which the script asks the host for. */
export function primaryGroupOf(user: string): string {
  return `@@GROUP_OF ${user}@@`;
}

/** First line of every manifest; the script drops whatever stands before it (a sudo password). */
export const manifestHeader = "tracks-manifest 1";

/**
 * Renders a manifest as the text that the host script takes.
 *
 * @param via the login that applies it, as `connectionFingerprint` names it; the host records it,
 *   so that a key rotated without an `up` is noticed before a destroy needs the old one.
 * @throws ManifestError on a value that the line format can't carry.
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

/** A package as settings name it: alternatives are separated by `|`. */
export function packageEntry(names: string): PackageEntry {
  const [first = names, ...others] = names.split("|");
  return { kind: "package", names: [first, ...others] };
}

/** An entry without content as one line: what `survey` is asked to look for. */
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
    throw new ManifestError(`mode "${mode}": give four octal digits, such as "0644"`);
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
