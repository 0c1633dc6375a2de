/** What the manifests of an application hold beside paths; see `host/script/README.md`. */

import { block, path, word } from "./text";

/** Where a release's tree comes from. */
export type ReleaseSource =
  | {
      kind: "archive";
      /** In the spool, relative to the home of `login`; removed from there once it is unpacked. */
      path: string;
      login: string;
      sha256: string;
    }
  | {
      kind: "git";
      url: string;
      /** The full name of the commit. */
      commit: string;
    };

/** A source tree, complete or absent: fetched once, never changed after. */
export interface ReleaseEntry {
  kind: "release";
  path: string;
  owner: string;
  source: ReleaseSource;
  /** File below the tree that uWSGI loads. */
  wsgi: string;
  /** File below the tree that the virtualenv is made from. */
  requirements: string;
}

/** Private key that git logs in with; the manifest that holds it is secret as a whole. */
export interface DeployKeyEntry {
  kind: "deploy-key";
  /** Whose it is, for the reader. */
  user: string;
  /** In OpenSSH's or PEM format, without a passphrase. */
  key: string;
}

/** The key that the git server must prove to have. */
export interface GitHostKeyEntry {
  kind: "git-host-key";
  /** As known_hosts names it: `git.example.org`, or `[git.example.org]:2222`. */
  server: string;
  /** Such as `ssh-ed25519 AAAA...`. */
  key: string;
}

/** The virtualenv that the manifest's release needs, in a directory of its own below `path`. */
export interface VirtualenvEntry {
  kind: "virtualenv";
  path: string;
  /** Path of the interpreter that it is made from. */
  python: string;
  /** File below the release's tree. */
  requirements: string;
  /** What is installed besides, as pip takes it. */
  extra: readonly string[];
  /** What needs a driver, which is added unless the application has one. @default none */
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
  /** What outlives releases. */
  shared: string;
  backups: string;
  /** Directory of PostgreSQL's client programs on the host. @default PATH's */
  client?: string | undefined;
  /** File below the tree that uWSGI loads. */
  wsgi: string;
  /** File below the tree that is a link to the shared local.py. */
  settings: string;
  /** PRODUCTION=1 is set, or no such variable. */
  production: boolean;
  /** Path of the request that proves a release. */
  health: string;
  /** Its Host header. */
  host: string;
  /** Port of nginx on the host. */
  port: number;
  /** Releases, virtualenvs and backups that are kept. */
  keep: number;
  /** The database, in one word that tells it from others: another one gets its tables. @default sqlite's */
  database?: string | undefined;
}

/** A random key that the host makes once, and never replaces. */
export interface SecretKeyEntry {
  kind: "secret-key";
  path: string;
  owner: string;
}

export type ApplicationEntry =
  ReleaseEntry | DeployKeyEntry | GitHostKeyEntry | VirtualenvEntry | DeployEntry | SecretKeyEntry;

/** Stands in a symlink's target for the name of the virtualenv, which the host knows. */
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
