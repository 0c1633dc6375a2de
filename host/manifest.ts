/**
 * What the host shall look like, in lines that a person can review.
 *
 * A manifest is the only text that travels to the host script (`host/script/`), in the `stdin` of
 * a `remote.Command`, so that `pulumi preview --diff` shows a changed configuration line as a
 * changed line. Rendering is pure; the grammar is written down in `host/script/README.md`.
 */

/** Permissions of a path: names, not numbers, since ids differ from host to host. */
export interface Ownership {
  /** User that owns the path. @default "root" */
  owner?: string;
  /** Group that owns the path. @default the owner's name */
  group?: string;
  /** Permission bits in octal, four digits, such as `"0644"`. */
  mode?: string;
  /** SELinux type, set before the swap where SELinux is enabled; such as `"httpd_log_t"`. */
  context?: string;
}

/** A regular file with exactly this content. What stood there before is kept and comes back on remove. */
export interface FileEntry extends Ownership {
  kind: "file";
  path: string;
  content: string;
  /** Checks the candidate before it replaces the live file. */
  check?: "sudoers";
  /** The content appears in no record, log or diff. Needs `secret` on the whole manifest's text. */
  secret?: boolean;
}

export interface DirectoryEntry extends Ownership {
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

/** A dnf module stream, such as `postgresql:15`; skipped where the package manager has no modules. */
export interface ModuleEntry {
  kind: "module";
  stream: string;
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
  /** Regular expression of paths, as semanage takes it: `/microarray(/.*)?`. */
  pattern: string;
  type: string;
}

/** A port opened in firewalld, permanently and at once, where firewalld runs. */
export interface FirewallPortEntry {
  kind: "firewall-port";
  protocol: "tcp" | "udp";
  port: number;
}

export type ManifestEntry =
  | FileEntry
  | DirectoryEntry
  | SymlinkEntry
  | AbsentEntry
  | SettingEntry
  | PackageEntry
  | ModuleEntry
  | UserEntry
  | PasswordEntry
  | ServiceEntry
  | SelinuxBooleanEntry
  | SelinuxPortEntry
  | SelinuxContextEntry
  | FirewallPortEntry;

/** What is validated, locked, reloaded and proven as one; `none` just has paths. */
export type Subsystem = "none" | "packages" | "users" | "nginx" | "logrotate";

export interface Manifest {
  /** Name of the resource on the host, unique in its stack: `nginx`, `user-deployer`. */
  name: string;
  subsystem: Subsystem;
  entries: ManifestEntry[];
}

/** First line of every manifest; the script drops whatever stands before it (a sudo password). */
export const manifestHeader = "tracks-manifest 1";
