import type { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { HostComponent } from "../host/HostComponent";
import { databaseTimeoutSeconds } from "../host/Host";
import type { ResourceManifest } from "../host/manifest/manifest";
import { withDefaults } from "./args/argument";
import { dataMigrationArguments, type DataMigrationArgs } from "./args/DataMigration";
import { checked } from "./whenKnown";

/**
 * Loads an old site's data into the new application's database, once.
 *
 * **Once.** One transaction in the target database loads the data, checks the constraints and the count of each
 * model, and writes a marker (table `tracks_data_migration`). A dump whose digest is marked there is never
 * loaded again: not by a second `up`, after a lost state, a replacement, or a destroy and another `up`. There
 * is no delete. Another dump than the marked one, or rows in the target tables, are an error that names the
 * counts and asks for {@link DataMigrationArgs.confirm}. To load one dump twice, delete its row from the marker
 * table by hand. Each database has a marker of its own.
 *
 * **Like loaddata.** Django's own deserializer reads the rows. The values of the dump win, also where a model
 * would set the time of a change. Sequences continue after the highest keys. Two rows of the dump with the same
 * primary key are an error, not a loss. Signal receivers of the application, or triggers of the database, may
 * create rows during the load: the dump's rows replace these, and the output counts those that remain.
 *
 * **Django's own tables.** Content types and permissions are not loaded, since migrate created the new
 * application's. References to them (permissions of users and groups, the admin log, any foreign key or
 * many-to-many field) get the counterpart with the same natural key, after the renames. A reference without a
 * counterpart (to a model that no longer exists) becomes null where the field allows it, is left out of a list,
 * and is an error elsewhere; the output counts these. Sessions are not loaded: everybody logs in again. The
 * admin log is loaded. Rows of a model that the application doesn't have are an error, unless `skipModels`
 * lists the model. The row that migrate itself creates for django.contrib.sites (example.com) does not count as
 * a row.
 *
 * **A backup first**: in pg_dump's custom format, or a copy of the sqlite file, with mode 0600 in a directory
 * with mode 0700 of the user. It stays, also when the load fails.
 *
 * During the load, writers of the target tables (PostgreSQL) or of the whole database (sqlite) wait: load
 * before the site is open to visitors. Errors name a row by its number, model and primary key, and a field by
 * its name, never by its value.
 *
 * @example
 * ```ts
 * new DataMigration("old-data", { host, app, dump, renames: { "redirect.target": "roasted.target" } });
 * ```
 */
export class DataMigration extends HostComponent {
  /** Loads the data: resources that need it depend on this. */
  readonly command: remote.Command;
  /** Path on the host of the backup from before the load. */
  readonly backup: pulumi.Output<string | undefined>;
  /** Number of loaded rows by the label of the new model. */
  readonly counts: pulumi.Output<Record<string, number>>;

  constructor(name: string, args: DataMigrationArgs, opts?: pulumi.ComponentResourceOptions) {
    const { host, app, dump, ...values } = withDefaults(dataMigrationArguments, args);
    super({ type: "DataMigration" }, name, { database: app.database, dump: dump.sha256 }, opts);
    const whenKnown = checked(this.title, dataMigrationArguments, values);
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
