/** Entries that only an application's manifests have; `host/script/README.md` has their grammar. */

import { block, path, word } from "./text";

/** Source of a release's tree. */
export type ReleaseSource =
  | {
      kind: "archive";
      /** Path in the spool, relative to the home of `login`; the host removes it after unpacking. */
      path: string;
      login: string;
      sha256: string;
    }
  | {
      kind: "git";
      url: string;
      /** Full name of the commit. */
      commit: string;
    };

/** A source tree, complete or absent: the host fetches it once and never changes it. */
export interface ReleaseEntry {
  kind: "release";
  path: string;
  owner: string;
  source: ReleaseSource;
  /** File in the tree that uWSGI loads. */
  wsgi: string;
  /** File in the tree that names the packages of the virtualenv. */
  requirements: string;
}

/** Private key that git logs in with; the manifest that has it is secret as a whole. */
export interface DeployKeyEntry {
  kind: "deploy-key";
  /** Login on the host that uses it, for the reader. */
  user: string;
  /** The key in OpenSSH or PEM format, without a passphrase. */
  key: string;
}

/** Host key that the git server must have. */
export interface GitHostKeyEntry {
  kind: "git-host-key";
  /** Name as in known_hosts: `git.example.org`, or `[git.example.org]:2222`. */
  server: string;
  /** Public key, such as `ssh-ed25519 AAAA...`. */
  key: string;
}

/** The virtualenv of the manifest's release, in a directory of its own below `path`. */
export interface VirtualenvEntry {
  kind: "virtualenv";
  path: string;
  /** Path of its interpreter. */
  python: string;
  /** Requirements file in the release's tree. */
  requirements: string;
  /** Further requirements, in pip's format. */
  extra: readonly string[];
  /** Database whose driver pip adds, unless the application names a driver itself. @default none */
  database?: "postgresql" | undefined;
}

/** The switch to a release, and everything around it. */
export interface DeployEntry {
  kind: "application";
  /** The release. */
  path: string;
  owner: string;
  /** The link that names the current release. */
  current: string;
  /** Directory of what outlives releases. */
  shared: string;
  backups: string;
  /** Directory of PostgreSQL's client programs on the host. @default the directories in PATH */
  client?: string | undefined;
  /** File in the tree that uWSGI loads. */
  wsgi: string;
  /** Path in the tree of the link to the shared local.py. */
  settings: string;
  /** Whether PRODUCTION=1 is set; otherwise the variable does not exist. */
  production: boolean;
  /** Path of the request that proves a release. */
  health: string;
  /** Host header of that request. */
  host: string;
  /** Port of nginx on the host. */
  port: number;
  /** Number of releases, virtualenvs and backups to keep. */
  keep: number;
  /** Identifies the database, in one word: a different one gets its tables. @default the sqlite file */
  database?: string | undefined;
}

/** A random key that the host creates once and never replaces. */
export interface SecretKeyEntry {
  kind: "secret-key";
  path: string;
  owner: string;
}

export type ApplicationEntry =
  ReleaseEntry | DeployKeyEntry | GitHostKeyEntry | VirtualenvEntry | DeployEntry | SecretKeyEntry;

/** Placeholder in a symlink's target for the name of the virtualenv, which only the host knows. */
export const virtualenvName = "@@VIRTUALENV@@";

export function renderApplicationEntry(entry: ApplicationEntry): string[] {
  switch (entry.kind) {
    case "release":
      return [
        `release ${path(entry.path)} ${attributes({ owner: entry.owner, wsgi: entry.wsgi, requirements: entry.requirements })} ${renderSource(entry.source)}`,
      ];
    case "deploy-key":
      return [`deploy-key ${word(entry.user)}`, ...block(entry.key)];
    case "git-host-key":
      return [`git-host-key ${word(entry.server)}`, ...block(`${entry.server} ${entry.key}`)];
    case "virtualenv":
      return [
        `virtualenv ${path(entry.path)} ${attributes({
          python: entry.python,
          requirements: entry.requirements,
          ...(entry.database !== undefined && { database: entry.database }),
        })}`,
        ...entry.extra.flatMap(block),
      ];
    case "application": {
      const { kind, path: release, production, client, database, ...rest } = entry;
      const optional = {
        ...(client !== undefined && { client }),
        ...(database !== undefined && { database }),
      };
      return [
        `${kind} ${path(release)} ${attributes({ ...rest, ...optional, production: production ? "yes" : "no" })}`,
      ];
    }
    case "secret-key":
      return [`secret-key ${path(entry.path)} owner=${word(entry.owner)}`];
  }
}

function renderSource(source: ReleaseSource): string {
  return source.kind === "archive"
    ? attributes({ archive: source.path, login: source.login, sha256: source.sha256 })
    : attributes({ git: source.url, commit: source.commit });
}

function attributes(values: Record<string, string | number>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${word(String(value))}`)
    .join(" ");
}
