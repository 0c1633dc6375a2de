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

/** A git repository, as the host reaches it. */
export interface GitRepository {
  /** As git takes it: `https://...`, `ssh://...`, `git@host:path`. */
  readonly url: string;
  /** A branch, a tag, or the full name of a commit. */
  readonly ref: string;
  /** Login on the host that asks, and fetches. */
  readonly user: string;
  /** Private key that git logs in with. @default none */
  readonly deployKey?: Secret;
  /** Host key that the git server must have; required where the URL uses SSH. */
  readonly hostKey?: GitHostKey;
}

/** The pinned key of a git server. */
export interface GitHostKey {
  /** As known_hosts names it: `git.example.org`, or `[git.example.org]:2222`. */
  readonly server: string;
  /** Such as `ssh-ed25519 AAAA...`. */
  readonly key: string;
}

/** Source of the application. */
export type ApplicationSource =
  | {
      kind: "folder";
      /** A tar of the source; its top is the folder that holds manage.py. */
      archive: LocalFile;
    }
  | {
      kind: "git";
      /** As git takes it: `https://...`, `ssh://...`, `git@host:path`; without a password. */
      url: string;
      /** The full name of the commit. */
      commit: pulumi.Input<string>;
      /** Private key that git logs in with: a secret. @default none: the repository can be read by everybody */
      deployKey?: pulumi.Input<string>;
      /**
       * Key that the git server must prove to have; needed where the URL goes through SSH.
       *
       * @example { server: "git.example.org", key: "ssh-ed25519 AAAA..." }
       */
      hostKey?: GitHostKey;
    };

/** PostgreSQL as the application uses it. */
export interface ApplicationDatabase extends Omit<PostgresqlSettings, "password" | "sslrootcert"> {
  /** Password of the user: a secret. */
  password: pulumi.Input<string>;
  /** Certificates of the authorities that the server's is checked by, in PEM. @default none */
  authorities?: string | undefined;
  /** Differs for a database that was recreated, and needs its tables. @default none */
  generation?: string | undefined;
  /** Role and database: a changed password reaches the role before the application. */
  dependsOn?: readonly pulumi.Resource[];
}

/** Inputs of `DjangoApp`. */
export interface DjangoAppArgs extends FileArgs {
  /** The host that it is deployed to. */
  host: Host;
  /** Name of the application: of its folders on the host. */
  app: string;
  /** Directory for everything of the site. @example "/srv/tracks" */
  siteRoot: string;
  /** Login that the application belongs to and runs as. */
  user: string;
  /** Home of that login. @default "/home/USER" */
  home?: string;
  /** Where its source comes from. */
  source: ApplicationSource;
  /** Whether PRODUCTION=1 is set in the service and in the user's login shells; else there is no such variable. */
  production: boolean;
  /** The database, such as `connection` of a `PostgresDatabase`. @default sqlite, in a file that outlives releases */
  postgresql?: ApplicationDatabase;
  /** Directory of PostgreSQL's client programs on the host, for backups. @default PATH's */
  postgresqlBinaries?: string | undefined;
  /** Django's SECRET_KEY: a secret. @default made once on the host, and never read back */
  secretKey?: pulumi.Input<string | undefined>;
  /**
   * Django's ALLOWED_HOSTS: `.example.org` matches that name and all below it.
   *
   * @see https://docs.djangoproject.com/en/stable/ref/settings/#allowed-hosts
   */
  allowedHosts: readonly string[];
  /** Host header of the request that proves a release. @default the first allowed host */
  proofHost?: pulumi.Input<string>;
  /** Path of the interpreter of the virtualenv, the one that uWSGI is compiled for. @default "/usr/bin/python3" */
  interpreter?: string;
  /** File of the source that the virtualenv is made from. @default "requirements.txt" */
  requirements?: string;
  /**
   * Further requirements, in pip's format. With PostgreSQL the host adds psycopg2, unless the
   * application has chosen a driver, here or in its requirements.
   *
   * @default []
   * @example ["sentry-sdk==2.19.2"]
   */
  extraRequirements?: readonly string[];
  /** File of the source that uWSGI loads. @default "APP/wsgi.py" */
  wsgi?: string;
  /** Where the source imports local settings from. @default "APP/settings/local.py" */
  localSettings?: string;
  /** Path of the request that proves a release: it must answer with 2xx or 3xx. @default "/" */
  healthPath?: pulumi.Input<string>;
  /** Port of nginx on the host. @default 80 */
  port?: pulumi.Input<number>;
  /** Number of releases, virtualenvs and backups to keep. @default 5 */
  keep?: pulumi.Input<number>;
  /**
   * What runs the application: its service's files change with the release, are tried out with it, and
   * go back with it.
   *
   * @default none: the service is not this deployment's
   */
  uwsgi?: Uwsgi;
  /** The nginx before it, which a release is asked through: it is there first. @default none of this program */
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
}

/** A git source as far as its rules look at it. */
interface GitAccess {
  readonly url: string;
  readonly hostKey?: unknown;
  readonly deployKey?: unknown;
}

/** Checks several arguments together. */
export function djangoAppRules(args: Values): ArgumentError[] {
  return [...proofErrors(args), ...(args.source === undefined ? [] : gitErrors(args.source))];
}

function proofErrors({ allowedHosts, proofHost }: Values): ArgumentError[] {
  const [first] = allowedHosts;
  if (proofHost !== undefined || first?.startsWith(".") !== true) return [];
  return [
    {
      propertyPath: "allowedHosts",
      given: `"${first}" as the first`,
      allowed: "a whole name before it, or proofHost, which a release is asked by",
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
