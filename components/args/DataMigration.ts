import type * as pulumi from "@pulumi/pulumi";
import type { Host, LocalFile } from "../../host/Host";
import { listOf, text } from "../../host/manifest/value";
import { absolutePath, modelName, moduleName } from "../../host/manifest/values";
import { type ArgumentTable, withDefault, withoutDefault } from "./argument";

/** The application of a migration, such as a `DjangoApp`. */
export interface MigratedApplication {
  /** Path of the link to the release: the directory that has manage.py. */
  readonly current: string;
  /** Path of the link to its virtualenv. */
  readonly virtualenv: string;
  /** User that the application runs as. */
  readonly user: string;
  /** Whether the service runs with PRODUCTION=1; otherwise the variable does not exist. */
  readonly production: boolean;
  /**
   * Identifies the application's database, such as `127.0.0.1:5432/tracks`: a new database gets the dump,
   * too.
   */
  readonly database: string;
  /** Directory of the backups. */
  readonly backups: string;
  /** Deploys the application; the load waits for it. */
  readonly command: pulumi.Resource;
}

/** Inputs of `DataMigration`. */
export interface DataMigrationArgs {
  /** The host that the application is on. */
  host: Host;
  /** Dump that the old site's `manage.py dumpdata` wrote, as `dumpFile` of `tracks/preflight` returns it. */
  dump: LocalFile;
  /** The application that gets the data, such as a `DjangoApp`. */
  app: MigratedApplication;
  /**
   * Models with another name in the new application: old label to new label, in lower case.
   *
   * The load renames the `model` of each row, natural keys and the names of default permissions. It leaves text
   * alone that contains a label by chance.
   *
   * @default {}
   * @example { "redirect.target": "roasted.target" }
   */
  renames?: pulumi.Input<Readonly<Record<string, pulumi.Input<string>>>>;
  /** Old labels of models to skip. @default [] @example ["south.migrationhistory"] */
  skipModels?: pulumi.Input<readonly pulumi.Input<string>[]>;
  /**
   * SHA-256 of the dump, in hex. With it the program loads this dump, and no other, although the tables have
   * rows or another dump was loaded before. As with loaddata, rows with a primary key of the dump are
   * overwritten, and all others stay. The error that asks for it names the digest.
   *
   * @default none: the dump is loaded into empty tables only
   */
  confirm?: pulumi.Input<string | undefined>;
  /**
   * Directory of PostgreSQL's client programs, such as `/usr/local/pgsql/bin`.
   *
   * @default the directories in PATH
   */
  postgresqlBinaries?: string;
  /**
   * Django's settings module, such as `tracks.settings`.
   *
   * @default the one that the release's manage.py sets
   */
  settings?: string;
}

/** Kinds of values of the arguments, and their defaults. */
export const dataMigrationArguments = {
  skipModels: withDefault(listOf(modelName, "models"), []),
  confirm: withoutDefault(text("the dump's SHA-256, 64 hexadecimal digits", /^[0-9a-f]{64}$/)),
  postgresqlBinaries: withoutDefault(absolutePath),
  settings: withoutDefault(moduleName),
} satisfies ArgumentTable<DataMigrationArgs>;
