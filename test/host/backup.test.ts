import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execaSync } from "execa";
import { afterEach, beforeEach, expect, it } from "vitest";

const program = join(__dirname, "../../host/script/python/backup.py");

let root: string;
const write = (path: string, content: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
};
/** The parts of Django that the backup uses, and no more: no database driver is needed. */
const database = (vendor: string, settings: Record<string, string>): void => {
  const line = `vendor = "${vendor}"\n    settings_dict = ${JSON.stringify(settings)}`;
  write("django/db.py", `class connection:\n    ${line}\n`);
};
const backUp = (...words: string[]) =>
  execaSync("python3", [program, "--directory", "backups", "--label", "deploy-x", ...words], {
    cwd: root,
    env: { DJANGO_SETTINGS_MODULE: "settings", PYTHONDONTWRITEBYTECODE: "1" },
    stripFinalNewline: false,
    reject: false,
  });

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tracks-backup-"));
  mkdirSync(join(root, "backups"));
  write("django/__init__.py", "def setup():\n    pass\n");
  write("django/core/__init__.py", "");
  write("django/core/management.py", "");
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

it("names the setting when there is no pg_dump, and leaves nothing behind", () => {
  database("postgresql", { NAME: "tracks", PASSWORD: "very-secret" });
  const { exitCode, stderr } = backUp("--client", "/no/such/bin");
  expect(exitCode).toBe(1);
  expect(stderr).toBe(
    "can't run /no/such/bin/pg_dump (No such file or directory), so there is no backup: install PostgreSQL's" +
      " client programs, or set PostgresDatabase.binaries to their directory on the host\n",
  );
  expect(readdirSync(join(root, "backups"))).toEqual([]);
});

it("runs the pg_dump of the named directory", () => {
  database("postgresql", { NAME: "tracks" });
  write("bin/pg_dump", '#!/bin/sh\necho dumped >"$4"\n');
  execaSync("chmod", ["755", join(root, "bin/pg_dump")]);
  const { stdout, stderr } = backUp("--if-any", "--client", join(root, "bin"));
  expect(stderr).toBe("");
  const [, path = ""] = /^backup (backups\/\d{8}T\d{6}Z-deploy-x\.dump)\n$/.exec(stdout) ?? [];
  expect(statSync(join(root, path)).mode & 0o777).toBe(0o600);
});

it("removes what killed runs have left there, and nothing of a running one", () => {
  database("postgresql", { NAME: "tracks" });
  write("bin/pg_dump", '#!/bin/sh\necho dumped >"$4"\n');
  execaSync("chmod", ["755", join(root, "bin/pg_dump")]);
  const backups = join(root, "backups");
  const unfinished = (age: string) => [
    `.loaddata-${age}/data.json`,
    `.pgpass-${age}`,
    `.copy-data-${age}`,
    `20260131T120000Z-deploy-${age}.4711.part`,
  ];
  const files = [
    ...unfinished("former"),
    ...unfinished("present"),
    "former.dump",
    "former.sqlite3",
    // An administrator's own.
    "former.part",
  ];
  for (const file of files) write(`backups/${file}`, "secret");
  for (const name of readdirSync(backups)) {
    if (name.includes("former")) execaSync("touch", ["-d", "2 days ago", join(backups, name)]);
  }
  const { stdout, stderr } = backUp("--client", join(root, "bin"));
  expect(stderr).toBe("");
  const [, made] = /^backup backups\/(.*)\n$/.exec(stdout) ?? [];
  const left = unfinished("present").map((file) => file.replace(/\/.*/, ""));
  expect(readdirSync(backups).sort()).toEqual(
    [...left, "former.dump", "former.sqlite3", "former.part", made].sort(),
  );
});

it("makes none where there is no database yet, or one of another kind", () => {
  write("db.sqlite3", "");
  database("sqlite", { NAME: "db.sqlite3" });
  expect(backUp("--if-any").stdout).toBe("none\n");
  database("mysql", { NAME: "tracks" });
  expect(backUp("--if-any").stdout).toBe("unknown mysql\n");
  expect(backUp().stderr).toBe(
    "the database is mysql: only PostgreSQL and sqlite can be backed up\n",
  );
});
