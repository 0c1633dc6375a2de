import { path, word } from "./text";

/** An old site's dump, to load once into the application's database; see `components/DataMigration.ts`. */
export interface DataLoadEntry {
  kind: "data-load";
  /** Name of the migration in the database's marker. */
  name: string;
  /** Path of the release, or of the link to it. */
  release: string;
  /** The release's Python. */
  python: string;
  /** User that the application runs as. */
  user: string;
  /** Whether the service runs with PRODUCTION=1. */
  production: boolean;
  /** Path of the dump in the spool, relative to the home of `login`, as `Host.copy` returns it. */
  dump: string;
  login: string;
  /** SHA-256 of the dump in hex. */
  digest: string;
  /** Directory of the backups, for the user only. */
  backups: string;
  /** SHA-256 of a dump that may be added to existing rows, and overwrite them. @default only empty tables are loaded */
  confirm?: string;
  /** Directory of PostgreSQL's client programs, such as `/usr/local/pgsql/bin`. */
  client?: string;
  /** Settings module. @default what the release's manage.py sets */
  settings?: string;
  /** Old label of a model to its new one, such as `redirect.target` to `roasted.target`. */
  renames: Readonly<Record<string, string>>;
  /** Old labels of models whose rows are skipped. */
  skipModels: readonly string[];
}

/** The lines of an entry: attributes in the first, renames and skipped models in its content. */
export function renderDataLoad(entry: DataLoadEntry): string[] {
  const attributes = [
    `release=${path(entry.release)}`,
    `python=${path(entry.python)}`,
    `user=${word(entry.user)}`,
    `production=${entry.production ? "yes" : "no"}`,
    `dump=${word(entry.dump)}`,
    `login=${word(entry.login)}`,
    `digest=${word(entry.digest)}`,
    `backups=${path(entry.backups)}`,
    ...(entry.confirm ? [`confirm=${word(entry.confirm)}`] : []),
    ...(entry.client ? [`client=${path(entry.client)}`] : []),
    ...(entry.settings ? [`settings=${word(entry.settings)}`] : []),
  ];
  return [
    `data-load ${word(entry.name)} ${attributes.join(" ")}`,
    ...Object.entries(entry.renames).map(([old, now]) => `| rename ${word(old)} ${word(now)}`),
    ...entry.skipModels.map((label) => `| skip ${word(label)}`),
  ];
}
