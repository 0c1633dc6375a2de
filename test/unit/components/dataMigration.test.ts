import { expect, test } from "vitest";
import { DataMigration, readReport } from "../../../components/DataMigration";
import { Host } from "../../../host/Host";
import { MockedEngine } from "../mockedEngine";
import { rootConnection } from "../rootConnection";

const engine = new MockedEngine();

const digest = "a".repeat(64);

test("one command takes the copied dump, with renames as lines, and has no delete", async () => {
  const host = new Host("host", { connection: rootConnection });
  new DataMigration("data", {
    host,
    dump: { path: "/nowhere/old.json", sha256: digest, bytes: 17 },
    app: {
      current: "/microarray/tracks",
      virtualenv: "/home/deployer/venv",
      user: "deployer",
      production: true,
      database: "127.0.0.1:5432/tracks",
      backups: "/microarray/backups/tracks",
      command: host,
    },
    renames: { "redirect.target": "roasted.target" },
    skipModels: ["south.migrationhistory"],
    confirm: digest,
  });
  await engine.settled();
  const { create, delete: remove, stdin } = engine.inputs("data-load");
  const dump = engine.inputs("data-dump").remotePath ?? "";
  expect(create).toMatch(/ apply data-load-/);
  expect(remove).toBeUndefined();
  expect(stdin?.split("\n").slice(2, -2)).toEqual([
    "subsystem data-migration",
    "via root agent",
    [
      "data-load data release=/microarray/tracks python=/home/deployer/venv/bin/python",
      `user=deployer production=yes dump=${dump} login=root digest=${digest}`,
      `backups=/microarray/backups/tracks confirm=${digest}`,
    ].join(" "),
    "| rename redirect.target roasted.target",
    "| skip south.migrationhistory",
  ]);
});

test("the script stays on the host for what has a delete, not for a record of a load", async () => {
  new Host("other", { connection: rootConnection });
  await engine.settled();
  expect(engine.inputs("other-script").delete).toContain("no-remove");
});

test("rows and backup are read from what the host said, of a first load and of a later run", () => {
  const expected = {
    backup: "/microarray/backups/tracks/20260101T000000Z-before-data-migration.dump",
    counts: { "roasted.target": 14, "auth.user": 1 },
  };
  const first = [
    "loaded roasted.target: 14 rows of redirect.target",
    "loaded auth.user: 1 row",
    "note: sessions.session: 2 rows not loaded (users log in again)",
    `note: backup before the load: ${expected.backup}`,
    "applied data-load: 2 changes",
  ];
  const later = [
    "note: already loaded at 2026-01-01T00:00:00Z: unchanged",
    "note: loaded roasted.target: 14 rows",
    "note: loaded auth.user: 1 row",
    `note: backup before the load: ${expected.backup}`,
    "applied data-load: unchanged",
  ];
  // What a tool printed, and the name of another file, are no report.
  const others = [
    "x loaded a.b: 3 rows",
    "loaded a.b: 3 rowsets",
    "x note: backup before the load: /y",
  ];
  for (const lines of [first, later, [...others, ...first]])
    expect(readReport(lines.join("\n"))).toEqual(expected);
  expect(readReport(undefined)).toEqual({ backup: undefined, counts: {} });
});
