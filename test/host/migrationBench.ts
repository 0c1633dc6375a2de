import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { execa, execaSync } from "execa";
import { cacheFolder } from "../../dev/toolchain/cacheFolder";
import { makeOnce } from "../../dev/toolchain/once";
import { python36 } from "../../dev/toolchain/python36";
import { renames, type Row, sha256 } from "../sampleDump";
import { manifest, PrivateRoot, type Run } from "./privateRoot";

const sample = join(__dirname, "../../dev/sample");
/** Options of a load that differ from the sample's. */
export interface LoadOptions {
  name?: string;
  confirm?: string;
  skip?: string[];
  /** The digest that the manifest names. @default the dump's */
  digest?: string;
  /** Leave the dump out of the spool. */
  withoutDump?: boolean;
}

/** A private root with the sample application deployed and migrated, on sqlite. */
export class MigrationBench {
  readonly host = new PrivateRoot();
  static readonly release = "/microarray/releases/tracks/0123456789ab";

  private constructor(private readonly python: string) {}

  /** @param version of Python. @default this machine's own */
  static async create(version?: "3.6"): Promise<MigrationBench> {
    const python = await djangoPython(version);
    const migrated = await migratedSample(python);
    const bench = new MigrationBench(python);
    const release = bench.host.at(MigrationBench.release);
    mkdirSync(dirname(release), { recursive: true });
    cpSync(migrated, release, { recursive: true });
    symlinkSync("releases/tracks/0123456789ab", bench.host.at("/microarray/tracks"));
    mkdirSync(bench.host.at("/home/daemon"));
    symlinkSync(dirname(dirname(python)), bench.host.at("/home/daemon/venv"));
    bench.host.write(
      "/etc/passwd",
      bench.host.read("/etc/passwd").replace(/^(daemon:.*):[^:]*:([^:]*)$/m, "$1:/home/daemon:$2"),
    );
    return bench;
  }

  /** Puts a dump into the spool and lets the script load it. */
  async load(dump: string | Buffer, options: LoadOptions = {}): Promise<Run> {
    const digest = options.digest ?? sha256(dump);
    const spooled = `.tracks/tracks.dev/data-dump-${digest}`;
    if (options.withoutDump !== true) this.writeBytes(`/root/${spooled}`, dump);
    return this.host.apply(this.manifest(spooled, digest, options));
  }

  manifest(spooled: string, digest: string, options: LoadOptions = {}): string {
    const attributes = [
      "release=/microarray/tracks",
      "python=/home/daemon/venv/bin/python",
      "user=daemon",
      "production=no",
      `dump=${spooled}`,
      "login=root",
      `digest=${digest}`,
      "backups=/microarray/backups/tracks",
      ...(options.confirm === undefined ? [] : [`confirm=${options.confirm}`]),
    ];
    return manifest(
      "data-load",
      "data-migration",
      `data-load ${options.name ?? "data"} ${attributes.join(" ")}`,
      ...Object.entries(renames).map(([old, now]) => `| rename ${old} ${now}`),
      ...(options.skip ?? []).map((label) => `| skip ${label}`),
    );
  }

  /** Rows of a query on the application's database. */
  query(sql: string): unknown[][] {
    const code =
      "import json,sqlite3,sys; print(json.dumps(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall()))";
    const printed = execaSync(this.python, ["-c", code, this.database, sql]).stdout;
    return JSON.parse(printed) as unknown[][];
  }

  /** Changes the database as the site, or a person, would. */
  execute(sql: string): void {
    const code =
      "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); c.executescript(sys.argv[2]); c.commit()";
    execaSync(this.python, ["-c", code, this.database, sql]);
  }

  /** Adds code to the end of the application's settings. */
  addToSettings(code: string): void {
    const file = `${MigrationBench.release}/tracks/settings/__init__.py`;
    this.host.write(file, `${this.host.read(file)}\n${code}\n`);
  }

  /** Puts a backup of the sqlite file back. */
  restore(backup: string): void {
    cpSync(backup, this.database);
  }

  /** Adds an application to the release: its models, and their tables as migrate would make them. */
  install(name: string, { models, tables }: { models: string; tables: string }): void {
    const folder = `${MigrationBench.release}/${name}`;
    const header = [
      "from django.db import models",
      "from django.db.models.signals import post_save",
      "from django.dispatch import receiver",
      "",
    ].join("\n");
    this.host.write(`${folder}/__init__.py`, "");
    this.host.write(`${folder}/models.py`, header + models);
    const settings = `${MigrationBench.release}/tracks/settings/base.py`;
    this.host.write(settings, `${this.host.read(settings)}\nINSTALLED_APPS += ["${name}"]\n`);
    this.execute(tables);
  }

  /** Adds receivers of signals to the models of an application. */
  receivers(name: string, code: string): void {
    const file = `${MigrationBench.release}/${name}/models.py`;
    this.host.write(file, this.host.read(file) + code);
  }

  /** Dump that the new application itself writes, primary keys included. */
  dump(...labels: string[]): Row[] {
    const printed = execaSync(this.python, ["manage.py", "dumpdata", ...labels], {
      cwd: this.host.at(MigrationBench.release),
    }).stdout;
    return JSON.parse(printed) as Row[];
  }

  /** Every row of every table, to tell that nothing changed. */
  everything(): string {
    const code = "import sqlite3,sys; print(*sqlite3.connect(sys.argv[1]).iterdump(), sep=chr(10))";
    return execaSync(this.python, ["-c", code, this.database], {
      env: { PYTHONIOENCODING: "utf-8" },
    }).stdout;
  }

  backups(): string[] {
    const directory = this.host.at("/microarray/backups/tracks");
    return this.host.exists("/microarray/backups/tracks") ? readdirSync(directory).sort() : [];
  }

  remove(): void {
    this.host.remove();
  }

  private get database(): string {
    return this.host.at(`${MigrationBench.release}/db.sqlite3`);
  }

  private writeBytes(path: string, content: string | Buffer): void {
    // latin1 would be needed to carry bytes that are no text: write them as they are.
    this.host.write(path, "");
    execaSync("/bin/sh", ["-c", 'cat >"$0"', this.host.at(path)], { input: content });
  }
}

/**
 * A Python with what the sample requires, made once a machine.
 *
 * @param version where it is 3.6, with the last Django for it
 */
export async function djangoPython(version?: "3.6"): Promise<string> {
  const file = join(sample, "tracks/requirements.txt");
  const requirements = version === "3.6" ? ["Django==3.2.25"] : ["-r", file];
  const digest = sha256(version === "3.6" ? requirements.join() : readFileSync(file, "utf8")).slice(
    0,
    12,
  );
  const base = version === "3.6" ? python36() : "python3";
  const code = "import sys; print('%d.%d' % sys.version_info[:2])";
  const { stdout } = await execa(base, ["-c", code]);
  const folder = join(cacheFolder(), `sample-venv-${stdout}-${digest}`);
  await makeOnce(
    folder,
    () => undefined,
    async (unfinished) => {
      await execa(base, ["-m", "venv", unfinished]);
      const pip = ["-m", "pip", "-q", "install", ...requirements];
      await execa(join(unfinished, "bin/python"), pip);
    },
  );
  return join(folder, "bin/python");
}

/** The sample with an empty, migrated database, made once for its content. */
async function migratedSample(python: string): Promise<string> {
  const source = join(sample, "tracks");
  const digest = createHash("sha256").update(python);
  for (const file of readdirSync(source, { recursive: true, encoding: "utf8" }).sort()) {
    if (file.endsWith(".py")) digest.update(file).update(readFileSync(join(source, file)));
  }
  const folder = join(cacheFolder(), `sample-migrated-${digest.digest("hex").slice(0, 12)}`);
  await makeOnce(
    folder,
    () => undefined,
    async (unfinished) => {
      cpSync(source, unfinished, { recursive: true });
      await execa(python, ["manage.py", "migrate", "-v", "0"], { cwd: unfinished });
    },
  );
  return folder;
}
