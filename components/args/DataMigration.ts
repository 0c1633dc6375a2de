import type * as pulumi from "@pulumi/pulumi";
import type { Host, LocalFile } from "../../host/Host";
import { listOf, text } from "../../host/manifest/value";
import { absolutePath, modelName, moduleName } from "../../host/manifest/values";
import { type ArgumentTable, withDefault, withoutDefault } from "./argument";

/** The application of a migration, such as a `DjangoApp`. */
export interface MigratedApplication {
  /** The link to the release: the directory of manage.py. */
  readonly current: string;
  /** The link to its virtualenv. */
  readonly virtualenv: string;
  /** User that the application runs as. */
  readonly user: string;
  /** Whether the service runs with PRODUCTION=1; without, the variable is absent. */
  readonly production: boolean;
  /**
   * Identifies the application's database, such as `127.0.0.1:5432/tracks`: a new database gets the dump,
   * too.
   */
  readonly database: string;
  /** Directory of the backups. */
  readonly backups: string;
  /** Deploys the application: the data is loaded after it. */
  readonly command: pulumi.Resource;
}

/** Inputs of `DataMigration`. */
export interface DataMigrationArgs {
  /** The host that the application is on. */
  host: Host;
  /** Dump that the old site's `manage.py dumpdata` wrote. */
  dump: LocalFile;
  /** The application that the data is for, such as a `DjangoApp`: migrated, with its settings. */
  app: MigratedApplication;
  /**
   * Models with another name in the new application: old label to new label, in lower case.
   *
   * Applied to the `model` of each row, to natural keys and to the names of default permissions; text that
   * happens to hold a label stays as it is.
   *
   * @default {}
   * @example { "redirect.target": "roasted.target" }
   */
  renames?: pulumi.Input<Readonly<Record<string, pulumi.Input<string>>>>;
  /** Old labels of models to skip. @default [] @example ["south.migrationhistory"] */
  skipModels?: pulumi.Input<readonly pulumi.Input<string>[]>;
  /**
   * The dump's SHA-256, in hex: this dump, and no other, may be loaded although the tables have rows or
   * another dump was loaded before. Rows with a primary key of the dump are overwritten then, as
   * loaddata does, all others stay. The error that asks for it names the digest.
   *
   * @default only empty tables are loaded into
   */
  confirm?: pulumi.Input<string | undefined>;
  /** Directory of PostgreSQL's client programs, such as `/usr/local/pgsql/bin`. @default PATH's */
  postgresqlBinaries?: string;
  /** Settings module. @default what the release's manage.py sets */
  settings?: string;
}

/** Kinds of values of the arguments, and their defaults. */
export const dataMigrationArguments = {
  skipModels: withDefault(listOf(modelName, "models"), []),
  confirm: withoutDefault(text("the dump's SHA-256, 64 hexadecimal digits", /^[0-9a-f]{64}$/)),
  postgresqlBinaries: withoutDefault(absolutePath),
  settings: withoutDefault(moduleName),
} satisfies ArgumentTable<DataMigrationArgs>;
