import type * as pulumi from "@pulumi/pulumi";
import type { Host, LocalFile } from "../../host/Host";
import type { FileArgs } from "../../host/HostComponent";
import type { Secret } from "../../host/secret";
import { integer, listOf, text, yesOrNo } from "../../host/manifest/value";
import {
  absolutePath,
  djangoHost,
  gitUrl,
  hostName,
  interpreterPath,
  loginName,
  port,
  publicKey,
  relativePath,
  requirement,
  siteName,
  uriPath,
} from "../../host/manifest/values";
import type { PostgresqlSettings } from "../../templates/django";
import type { Nginx } from "../Nginx";
import type { Uwsgi } from "../Uwsgi";
import {
  type ArgumentError,
  type ArgumentTable,
  required,
  withDefault,
  withoutDefault,
} from "./argument";
import { checkingModes } from "./PostgresDatabase";

/** A git repository, as the host reaches it. */
export interface GitRepository {
  /** URL in git's format: `https://...`, `ssh://...`, `git@host:path`. */
  readonly url: string;
  /** A branch, a tag, or the full name of a commit. */
  readonly ref: string;
  /** Login on the host that runs git. */
  readonly user: string;
  /** Private key that git logs in with. @default none */
  readonly deployKey?: Secret;
  /** Host key that the git server must have; required for a URL over SSH. @default none */
  readonly hostKey?: GitHostKey;
}

/** The pinned key of a git server. */
export interface GitHostKey {
  /** Name as in known_hosts: `git.example.org`, or `[git.example.org]:2222`. */
  readonly server: string;
  /** Public key, such as `ssh-ed25519 AAAA...`. */
  readonly key: string;
}

/** Source of the application. */
export type AppSource =
  | {
      kind: "folder";
      /** Tar archive of the folder that has manage.py, as `packSource` of `tracks/preflight` returns it. */
      archive: LocalFile;
    }
  | {
      kind: "git";
      /** URL in git's format: `https://...`, `ssh://...`, `git@host:path`; without a password. */
      url: string;
      /** Full name of the commit: 40 or 64 hexadecimal digits. */
      commit: pulumi.Input<string>;
      /**
       * Private key that git logs in with: a secret.
       *
       * @default none: for a repository that everybody may read
       */
      deployKey?: pulumi.Input<string>;
      /**
       * Host key that the git server must have; required for a URL over SSH.
       *
       * @example { server: "git.example.org", key: "ssh-ed25519 AAAA..." }
       */
      hostKey?: GitHostKey;
    };

/** How the application reaches PostgreSQL; `connection` of a `PostgresDatabase` has it. */
export interface ApplicationDatabase extends Omit<PostgresqlSettings, "password" | "sslrootcert"> {
  /** Password of the user: a secret. */
  password: pulumi.Input<string>;
  /** Certificates of the authorities that may have signed the server's, in PEM. @default none */
  authorities?: string | undefined;
  /** Changes when the database was recreated, and needs its tables again. @default none */
  generation?: string | undefined;
  /** Resources of role and database, so that a changed password reaches the role before the application. */
  dependsOn?: readonly pulumi.Resource[];
}

/** Inputs of `DjangoApp`. */
export interface DjangoAppArgs extends FileArgs {
  /** The host to deploy to. */
  host: Host;
  /** Name of the application, and of its folders on the host. */
  app: string;
  /** Directory for everything of the site. @example "/srv/tracks" */
  siteRoot: string;
  /** Login that owns the application and runs it. */
  user: string;
  /** Home of that login. @default "/home/USER" */
  home?: string;
  /** The application's source. */
  source: AppSource;
  /**
   * Whether PRODUCTION=1 is set in the service and in the user's login shells; otherwise the variable does not
   * exist.
   */
  production: boolean;
  /** The database, such as `connection` of a `PostgresDatabase`. @default sqlite, in a file that outlives releases */
  postgresql?: ApplicationDatabase;
  /** Directory of PostgreSQL's client programs on the host, for backups. @default the directories in PATH */
  postgresqlBinaries?: string | undefined;
  /**
   * Django's SECRET_KEY: a secret.
   *
   * @default a random key that the host generates once, and that never leaves it
   */
  secretKey?: pulumi.Input<string | undefined>;
  /**
   * Django's ALLOWED_HOSTS: `.example.org` matches that name and all below it.
   *
   * @see https://docs.djangoproject.com/en/stable/ref/settings/#allowed-hosts
   */
  allowedHosts: readonly string[];
  /** Host header of the requests that test a release. @default the first allowed host */
  proofHost?: pulumi.Input<string>;
  /**
   * Path of the virtualenv's Python, which must be the one that uWSGI is compiled for.
   *
   * @default "/usr/bin/python3"
   */
  interpreter?: string;
  /** Path in the source of the requirements file. @default "requirements.txt" */
  requirements?: string;
  /**
   * Further requirements, in pip's format. With PostgreSQL the host adds psycopg2, unless the
   * application has chosen a driver, here or in its requirements.
   *
   * @default []
   * @example ["sentry-sdk==2.19.2"]
   */
  extraRequirements?: readonly string[];
  /** Path in the source of the file that uWSGI loads. @default "APP/wsgi.py" */
  wsgi?: string;
  /**
   * Path in the source of the local settings. The host writes this file, and the settings must import it.
   *
   * @default "APP/settings/local.py"
   */
  localSettings?: string;
  /** Path of the requests that test a release, which must answer with a status below 400. @default "/" */
  healthPath?: pulumi.Input<string>;
  /** Port on which nginx serves the site. @default 80 */
  port?: pulumi.Input<number>;
  /** Number of releases, virtualenvs and backups of deployments to keep, the current ones included. @default 5 */
  keep?: pulumi.Input<number>;
  /**
   * Runs the application. A deployment installs, tests and takes back the files of its service together with
   * the release.
   *
   * @default none: another program runs the application
   */
  uwsgi?: Uwsgi;
  /**
   * Passes requests to the application. A release is tested through it, so it is deployed first.
   *
   * @default none: another program configures nginx
   */
  nginx?: Nginx;
}

/** Kinds of values of the arguments, and their defaults. */
export const djangoAppArguments = {
  app: required(siteName),
  siteRoot: required(absolutePath),
  user: required(loginName),
  home: withoutDefault(absolutePath),
  production: required(yesOrNo),
  postgresqlBinaries: withoutDefault(absolutePath),
  allowedHosts: required(listOf(djangoHost, "names", { minimum: 1 })),
  proofHost: withoutDefault(hostName),
  interpreter: withDefault(interpreterPath, "/usr/bin/python3"),
  requirements: withDefault(relativePath, "requirements.txt"),
  extraRequirements: withDefault(listOf(requirement, "requirements"), []),
  wsgi: withoutDefault(relativePath),
  localSettings: withoutDefault(relativePath),
  healthPath: withDefault(uriPath, "/"),
  port: withDefault(port, 80),
  keep: withDefault(integer("a number", 2, 100), 5),
  "source.url": withoutDefault(gitUrl),
  "source.commit": withoutDefault(
    text(
      "the full name of a commit, 40 or 64 hexadecimal digits",
      /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/,
    ),
  ),
} satisfies ArgumentTable<DjangoAppArgs>;

interface Values {
  readonly allowedHosts: readonly string[];
  readonly proofHost?: string | undefined;
  readonly source?: GitAccess | undefined;
  readonly postgresql?: Pick<ApplicationDatabase, "sslmode" | "authorities"> | undefined;
}

/** The parts of a git source that its rules check. */
interface GitAccess {
  readonly url: string;
  readonly hostKey?: unknown;
  readonly deployKey?: unknown;
}

/** Checks several arguments together. */
export function djangoAppRules(args: Values): ArgumentError[] {
  return [
    ...proofErrors(args),
    ...(args.source === undefined ? [] : gitErrors(args.source)),
    ...(args.postgresql === undefined ? [] : authorityErrors(args.postgresql)),
  ];
}

/** As for a server elsewhere of a PostgresDatabase. */
function authorityErrors({
  sslmode,
  authorities,
}: NonNullable<Values["postgresql"]>): ArgumentError[] {
  if (authorities === undefined || sslmode?.startsWith("verify-") === true) return [];
  return [
    {
      propertyPath: "postgresql.sslmode",
      given: `${sslmode === undefined ? "nothing" : `"${sslmode}"`}, with authorities`,
      allowed: checkingModes,
    },
  ];
}

function proofErrors({ allowedHosts, proofHost }: Values): ArgumentError[] {
  const [first] = allowedHosts;
  if (proofHost !== undefined || first?.startsWith(".") !== true) return [];
  return [
    {
      propertyPath: "allowedHosts",
      given: `"${first}" as the first`,
      allowed: "a whole name before it, or proofHost, the name in the requests that test a release",
    },
  ];
}

/** Checks a git source. */
export function gitErrors(source: GitAccess): ArgumentError[] {
  const isOverSsh = !/^(?:https?|file):/.test(source.url);
  if (isOverSsh && source.hostKey === undefined) {
    return [
      {
        propertyPath: "source.hostKey",
        given: "nothing, but DjangoApp.source.url uses SSH",
        allowed: publicKey.allowed,
      },
    ];
  }
  return (["hostKey", "deployKey"] as const)
    .filter((name) => !isOverSsh && source[name] !== undefined)
    .map((name) => ({
      propertyPath: `source.${name}`,
      given: "a value, but DjangoApp.source.url does not use SSH",
      allowed: "nothing with an https or file URL",
      superfluous: true,
    }));
}
