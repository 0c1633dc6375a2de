import type { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { HostComponent } from "../host/HostComponent";
import { databaseTimeoutSeconds } from "../host/Host";
import type { ResourceManifest } from "../host/manifest/manifest";
import { withDefaults } from "./args/argument";
import { dataMigrationArguments, type DataMigrationArgs } from "./args/DataMigration";
import { checked } from "./whenKnown";

/**
 * An old site's data, loaded into the new application's database, once.
 *
 * **Once.** Data, constraints, a count check a model and a marker (table `tracks_data_migration`) are one
 * transaction in the target database. A dump whose digest is marked there is never loaded again: not by
 * a second `up`, after a lost state, a replacement, or a destroy and another `up`. There is no delete.
 * A dump that differs from the one loaded before, or target tables with rows in them, are an error
 * that names the counts and asks for {@link DataMigrationArgs.confirm}. To load one dump twice, delete its
 * row from the marker table by hand. Another database has a marker of its own.
 *
 * **As loaddata would.** Rows go through Django's own deserializer; the values of the dump win, also
 * where a model would set the time of a change. Sequences follow. Two rows of the dump with one primary
 * key are an error and not a loss. Rows that the application's receivers of signals, or triggers of the
 * database, make for the dump's rows while they are loaded give way to the dump's own; the output counts those that remain.
 *
 * **Of the old application's own tables**, content types and permissions are not loaded, since migrate
 * made the new application's; references to them (permissions of users and groups, the admin log,
 * any foreign key or many-to-many field) are pointed at the counterpart with the same natural key,
 * after the renames. What has none (a model that is no more) is emptied where the field may be
 * null, left out of a list, and refused elsewhere; the output counts it. Sessions are not loaded:
 * everybody logs in again. The admin log is loaded. Rows of a model that the application doesn't have are an
 * error, unless listed in {@link DataMigrationArgs.skipModels}. A row that migrate itself made for
 * django.contrib.sites (example.com) counts as no row.
 *
 * **Backed up first**: pg_dump's custom format, or a copy of the sqlite file, 0600 in a 0700 directory of the
 * user. It stays, also when the load fails.
 *
 * While it runs, writers of the target tables wait (PostgreSQL) or of the whole database (sqlite): load before
 * the site is opened. Errors name a row by number, model and primary key, and fields by name, never
 * their values.
 *
 * @example
 * ```ts
 * new DataMigration("old-data", { host, app, dump, renames: { "redirect.target": "roasted.target" } });
 * ```
 */
export class DataMigration extends HostComponent {
  readonly command: remote.Command;
  /** Path of the backup that was made before the load, on the host. */
  readonly backup: pulumi.Output<string | undefined>;
  /** Rows that were loaded, by label of the new model. */
  readonly counts: pulumi.Output<Record<string, number>>;

  constructor(name: string, args: DataMigrationArgs, opts?: pulumi.ComponentResourceOptions) {
    const { host, app, dump, ...values } = withDefaults(dataMigrationArguments, args);
    super({ type: "DataMigration" }, name, { database: app.database, dump: dump.sha256 }, opts);
    const whenKnown = checked(`DataMigration "${name}"`, dataMigrationArguments, values);
    const commandName = `${name}-load`;
    const spooled = host.copy(`${name}-dump`, dump, {
      parent: this,
      consumer: commandName,
      purpose: app.database,
    });
    const manifest = whenKnown((known): ResourceManifest => ({
      subsystem: "data-migration",
      entries: [
        {
          kind: "data-load",
          name,
          release: app.current,
          python: `${app.virtualenv}/bin/python`,
          user: app.user,
          production: app.production,
          dump: spooled.path,
          login: spooled.login,
          digest: spooled.sha256,
          backups: app.backups,
          confirm: known.confirm,
          client: known.postgresqlBinaries,
          settings: known.settings,
          renames: known.renames ?? {},
          skipModels: known.skipModels,
        },
      ],
    }));
    this.command = host.converge(commandName, manifest, {
      parent: this,
      dependsOn: [spooled.resource, app.command],
      timeoutSeconds: databaseTimeoutSeconds,
      remains: true,
    });
    const report = this.command.stdout.apply(readReport);
    this.backup = report.apply(({ backup }) => backup);
    this.counts = report.apply(({ counts }) => counts);
    this.registerOutputs({ backup: this.backup, counts: this.counts });
  }
}

/** Reads the report of a load, of this run or of an earlier one. */
export function readReport(stdout: string | undefined): {
  backup: string | undefined;
  counts: Record<string, number>;
} {
  const text = stdout ?? "";
  const counts: Record<string, number> = {};
  for (const [, label, count] of text.matchAll(/^(?:note: )?loaded (\S+): (\d+) rows?\b/gm)) {
    if (label !== undefined) counts[label] = Number(count);
  }
  return { backup: /^note: backup before the load: (.+)$/m.exec(text)?.[1], counts };
}
