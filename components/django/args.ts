import type * as pulumi from "@pulumi/pulumi";
import type { Secret } from "../../host/secret";
import type { Host, LocalFile } from "../../host/Host";
import type { Nginx } from "../Nginx";
import type { Uwsgi } from "../Uwsgi";
import type { GitHostKey } from "./git";
import type { PostgresqlSettings } from "../../templates/django";

/** Where the application's source comes from. */
export type ApplicationSource =
  | {
      kind: "folder";
      /** A tar of the source; its top is the folder that holds manage.py. */
      archive: LocalFile;
    }
  | {
      kind: "git";
      /** As git takes it: `https://...`, `ssh://...`, `git@host:path`. */
      url: string;
      /** The full name of the commit; see `sourceCommit`. */
      commit: pulumi.Input<string>;
      /** Private key that git logs in with. @default none: the repository can be read by everybody */
      deployKey?: Secret;
      /**
       * Key that the git server must prove to have; needed where the URL goes through SSH.
       *
       * @example { server: "git.example.org", key: "ssh-ed25519 AAAA..." }
       */
      hostKey?: GitHostKey;
    };

/** PostgreSQL as the application uses it. */
export interface ApplicationDatabase extends Omit<PostgresqlSettings, "password" | "sslrootcert"> {
  /** An output that is secret. */
  password: pulumi.Input<string>;
  /** Certificates of the authorities that the server's is checked by, in PEM. @default none */
  authorities?: string | undefined;
  /** Differs for a database that was recreated, and needs its tables. @default none */
  generation?: string | undefined;
  /** Role and database: a changed password reaches the role before the application. */
  dependsOn?: readonly pulumi.Resource[];
}

/** Inputs of {@link DjangoApp}. */
export interface DjangoAppArgs {
  host: Host;
  /** Login that the application belongs to and runs as. */
  user: string;
  /** @default "/home/USER" */
  home?: string;
  /** Name of the application: of its folder on the host. @default "tracks" */
  app?: string;
  /** Folder of everything that is served. @default "/microarray" */
  siteRoot?: string;
  source: ApplicationSource;
  /** PRODUCTION=1 in the service and in the user's login shells; else there is no such variable. */
  production: boolean;
  /** @default sqlite, in a file that outlives releases */
  postgresql?: ApplicationDatabase;
  /** Directory of PostgreSQL's client programs on the host, for backups. @default PATH's */
  postgresqlBinaries?: string | undefined;
  /** Django's SECRET_KEY, an output that is secret. @default made once on the host, and never read back */
  secretKey?: pulumi.Input<string | undefined>;
  /** Django's ALLOWED_HOSTS: `.example.org` stands for that name and all below it. */
  allowedHosts: readonly [string, ...string[]];
  /** Host header of the request that proves a release. @default the first allowed host */
  proofHost?: pulumi.Input<string>;
  /** Path of the interpreter of the virtualenv, the one that uWSGI is compiled for. @default "/usr/bin/python3" */
  interpreter?: string;
  /** File of the source that the virtualenv is made from. @default "requirements.txt" */
  requirements?: string;
  /**
   * What is installed besides, as pip takes it. With PostgreSQL the host adds psycopg2, unless the
   * application has chosen a driver, here or in its requirements.
   *
   * @default none
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
  /** Releases, virtualenvs and backups that are kept. @default 5 */
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

/** Arguments that may be known only later. */
export type LaterArgs = Pick<DjangoAppArgs, "proofHost" | "healthPath" | "port" | "keep">;

/** Those arguments alone. */
export function laterArgs({ proofHost, healthPath, port, keep }: DjangoAppArgs): LaterArgs {
  return { proofHost, healthPath, port, keep };
}
