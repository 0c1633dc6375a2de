import { chownSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  checksums,
  checksumsBySed,
  expectedChecksums,
  loadedModels,
  type Row,
  sampleDump,
  sha256,
} from "../sampleDump";
import { MigrationBench } from "./migrationBench";

let bench: MigrationBench;
beforeEach(async () => {
  bench = await MigrationBench.create();
}, 300_000);
afterEach(() => {
  bench.remove();
});

const oldRows = JSON.parse(sampleDump) as Row[];

const expected = expectedChecksums();

describe("the sample dump", () => {
  test("is loaded row by row, under the new names, unlike with sed", async () => {
    const run = await bench.load(sampleDump);
    expect(run.stderr).toBe("");
    expect(run.stdout).toContain("loaded roasted.redirecthit: 128 rows of redirect.redirecthit\n");
    expect(run.stdout).toContain("loaded roasted.target: 14 rows of redirect.target\n");
    expect(run.stdout).toMatch(/applied data-load: 5 changes\n$/);

    expect(checksums(bench.dump(...loadedModels))).toEqual(expected);

    const changed = Object.entries(checksumsBySed()).filter(
      ([name, checksum]) => name in expected && expected[name] !== checksum,
    );
    expect(changed.length).toBeGreaterThan(5);
  });

  test("refers to the new application's content types and permissions", async () => {
    const run = await bench.load(sampleDump);
    const named =
      "JOIN auth_permission p ON p.id = permission_id JOIN django_content_type c ON c.id = p.content_type_id";
    expect(
      bench.query(
        `SELECT g.name, c.app_label, p.codename FROM auth_group_permissions JOIN auth_group g ON g.id = group_id ${named} ORDER BY 1, 3`,
      ),
    ).toEqual([
      ["editors", "roasted", "add_target"],
      ["editors", "roasted", "change_target"],
      ["redirect.target", "roasted", "delete_redirecthit"],
    ]);
    expect(
      bench.query(
        `SELECT user_id, c.app_label, p.codename FROM auth_user_user_permissions ${named} ORDER BY 1`,
      ),
    ).toEqual([
      [2, "roasted", "add_redirecthit"],
      [17, "roasted", "delete_target"],
    ]);
    expect(run.stdout).toContain("note: auth.group.permissions: 1 left out");
    expect(run.stdout).toContain("note: auth.user.user_permissions: 1 left out");
    expect(run.stdout).toContain("note: admin.logentry.content_type: 1 emptied");
    expect(run.stdout).toContain("note: sessions.session: 2 rows not loaded");
    expect(bench.query("SELECT COUNT(*) FROM auth_permission")).toEqual([[36]]);
    expect(bench.query("SELECT COUNT(*) FROM django_content_type")).toEqual([[9]]);
  });

  test("root creates no directory for backups where another user can write", async () => {
    mkdirSync(bench.host.at("/microarray/backups"), { recursive: true });
    symlinkSync("../../etc/planted", bench.host.at("/microarray/backups/tracks"));
    const planted = await bench.load(sampleDump);
    expect(planted.reason).toContain("/microarray/backups/tracks must be a directory of daemon");
    expect(bench.host.exists("/etc/planted")).toBe(false);
    rmSync(bench.host.at("/microarray/backups/tracks"));
    chownSync(bench.host.at("/microarray/backups"), 1, 1);
    const run = await bench.load(sampleDump);
    expect(run.reason).toContain(
      "the directory for backups /microarray/backups/tracks does not exist, and root creates nothing where daemon can write. As daemon, run: mkdir -p -m 0700 /microarray/backups/tracks",
    );
    expect(bench.host.exists("/microarray/backups/tracks")).toBe(false);
  });

  test("leaves a marker, and a backup that only the site's user can read", async () => {
    const run = await bench.load(sampleDump);
    const path = /^note: backup before the load: (.+)$/m.exec(run.stdout)?.[1] ?? "";
    expect(path).toMatch(
      /^\/microarray\/backups\/tracks\/\d{8}T\d{6}Z-before-data-migration\.sqlite3$/,
    );
    expect(bench.host.ownership("/microarray/backups/tracks")).toMatch(/^daemon \S+ 700$/);
    expect(bench.host.ownership(path)).toMatch(/ 600$/);
    expect(bench.query("SELECT name, digest FROM tracks_data_migration")).toEqual([
      ["data", sha256(sampleDump)],
    ]);
    expect(bench.host.exists(`/root/.tracks/tracks.dev/data-dump-${sha256(sampleDump)}`)).toBe(
      false,
    );
  });
});

describe("never twice", () => {
  beforeEach(async () => {
    expect((await bench.load(sampleDump)).code).toBe(0);
    // The site lives on: a second load would undo this.
    bench.execute("UPDATE roasted_target SET url = 'https://new.test/' WHERE id = 1");
  });

  test.each([
    ["the same again", () => undefined, {}],
    [
      "with no memory of the host",
      () => {
        rmSync(bench.host.at("/var/lib/tracks"), { recursive: true });
      },
      {},
    ],
    ["under another name", () => undefined, { name: "renamed" }],
    ["though confirmed", () => undefined, { confirm: sha256(sampleDump) }],
    ["with the dump gone", () => undefined, { withoutDump: true }],
  ])("%s", async (_what, prepare, options) => {
    prepare();
    const before = bench.everything();
    const run = await bench.load(sampleDump, options);
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout).toMatch(/note: already loaded at \S+: unchanged\n/);
    expect(run.stdout).toContain("note: loaded roasted.target: 14 rows\n");
    expect(run.stdout).toMatch(/note: backup before the load: \/microarray\/backups\/.+\n/);
    expect(run.stdout).toMatch(/applied data-load: unchanged\n$/);
    expect(bench.everything()).toEqual(before);
    expect(bench.backups()).toHaveLength(1);
  });

  test("loads another dump only when that one is confirmed, and then overwrites by primary key", async () => {
    const rows = oldRows.filter(({ model }) => model === "redirect.target").slice(0, 3);
    const extra = { ...rows[0], pk: 5000, fields: { ...rows[0]?.fields, name: "another" } };
    const other = JSON.stringify([...rows, extra]);
    const before = bench.everything();
    for (const confirm of [undefined, sha256(sampleDump)]) {
      const refused = await bench.load(other, { confirm });
      expect(refused.code).toBe(1);
      expect(refused.reason).toContain(
        `another dump (${sha256(sampleDump).slice(0, 12)}...) was loaded at`,
      );
      expect(refused.reason).toContain("roasted.target has 14 rows");
      expect(refused.reason).toContain(sha256(other));
      expect(bench.everything()).toEqual(before);
    }
    const run = await bench.load(other, { confirm: sha256(other) });
    expect(run.stderr).toBe("");
    expect(run.stdout).toContain(
      "loaded roasted.target: 4 rows of redirect.target, 3 of them in place of existing rows\n",
    );
    expect(bench.query("SELECT COUNT(*) FROM roasted_target")).toEqual([[15]]);
    expect(bench.query("SELECT url FROM roasted_target WHERE id = 1")).toEqual([
      [rows[0]?.fields.url],
    ]);
    expect(bench.backups()).toHaveLength(2);
    // The first one stays loaded.
    expect((await bench.load(sampleDump)).stdout).toContain("already loaded");
  });
});

test("names tables with rows and their counts, and loads nothing", async () => {
  bench.execute("INSERT INTO auth_group (id, name) VALUES (1, 'made by hand')");
  const before = bench.everything();
  const run = await bench.load(sampleDump);
  expect(run.code).toBe(1);
  expect(run.reason).toContain("tables are not empty: auth.group has 1 row.");
  expect(run.reason).toContain(
    `set DataMigration.confirm to this dump's digest, ${sha256(sampleDump)}`,
  );
  expect(bench.everything()).toEqual(before);
  expect(bench.backups()).toEqual([]);
});

test("asks for a missing dump again, even of a program that thinks it was used", async () => {
  const run = await bench.load(sampleDump, { withoutDump: true });
  expect(run.code).toBe(1);
  expect(run.reason).toContain("the dump of the old site is no longer in /root/.tracks/tracks.dev");
  expect(bench.host.exists("/var/lib/tracks/resources/tracks.dev/data-load")).toBe(false);
});

/** Replaces a row of the sample, found by model and key. */
function withRow(model: string, pk: number, change: (row: Row) => Row): string {
  return JSON.stringify(
    oldRows.map((row) => (row.model === model && row.pk === pk ? change(row) : row)),
  );
}

const numberOf = (model: string, pk: number): number =>
  oldRows.findIndex((row) => row.model === model && row.pk === pk) + 1;
const secret = "private-words-of-a-user";

describe("nothing is loaded", () => {
  test.each<[string, () => string | Buffer, RegExp, boolean]>([
    [
      "cut off in a row",
      () => sampleDump.slice(0, sampleDump.length - 300),
      /ends in the middle of row \d+, after \d+ bytes: it is incomplete/,
      false,
    ],
    [
      "cut off between rows",
      () => JSON.stringify(oldRows).slice(0, -1),
      /ends after row 195/,
      false,
    ],
    ["empty", () => "", /the dump is empty/, false],
    ["an empty array", () => "[]", /no rows to load/, false],
    ["no JSON", () => `Warning: ${secret}\n[]`, /not a JSON array: it must begin with \[/, false],
    [
      "broken inside",
      () => JSON.stringify(oldRows).replace('"fields":{"name":"wiki"', '"fields":{"name" "wiki"'),
      /row \d+ of the dump is not JSON/,
      false,
    ],
    [
      "not UTF-8",
      () => Buffer.from(sampleDump.replace("wiki.example", "w\u00efki.example"), "latin1"),
      /not UTF-8, near byte \d+/,
      false,
    ],
    ["followed by something", () => `${sampleDump}\n[]`, /has text after the end/, false],
    [
      "of an unknown model",
      () => withRow("redirect.target", 2, (row) => ({ ...row, model: "redirect.visitor" })),
      /models that the application does not have: redirect\.visitor \(1 row\).*DataMigration\.renames.*DataMigration\.skipModels/,
      false,
    ],
    [
      "without a pk",
      () => withRow("redirect.target", 2, ({ model, fields }) => ({ model, fields })),
      new RegExp(`row ${numberOf("redirect.target", 2)} \\(redirect\\.target\\) has no pk`),
      false,
    ],
    [
      "with an unknown field",
      () =>
        withRow("redirect.target", 2, (row) => ({
          ...row,
          fields: { ...row.fields, hits: secret },
        })),
      new RegExp(
        `row ${numberOf("redirect.target", 2)} \\(roasted\\.target, pk 2\\): the application's model has no field "hits"`,
      ),
      true,
    ],
    [
      "with a value that no such field takes",
      () =>
        withRow("redirect.target", 2, (row) => ({
          ...row,
          fields: { ...row.fields, created: secret },
        })),
      /\(roasted\.target, pk 2\): the application's model refuses the value of the field "created"/,
      true,
    ],
    [
      "with one name twice",
      () =>
        withRow("redirect.target", 2, (row) => ({
          ...row,
          fields: { ...row.fields, name: "wiki" },
        })),
      /\(roasted\.target, pk 2\): .*UNIQUE constraint failed: roasted_target\.name/,
      true,
    ],
    [
      "with one key twice",
      () => withRow("redirect.target", 2, (row) => ({ ...row, pk: 1 })),
      new RegExp(
        `row ${numberOf("redirect.target", 2)} \\(roasted\\.target, pk 1\\): row ${numberOf("redirect.target", 1)} of the dump has the same model and pk`,
      ),
      false,
    ],
    [
      "with nothing where something must be",
      () =>
        withRow("redirect.target", 2, (row) => ({ ...row, fields: { ...row.fields, url: null } })),
      /\(roasted\.target, pk 2\): .*NOT NULL constraint failed: roasted_target\.url/,
      true,
    ],
    [
      "with a number that is too large",
      () =>
        withRow("redirect.target", 2, (row) => ({
          ...row,
          fields: { ...row.fields, owner: 1e30 },
        })),
      /\(roasted\.target, pk 2\)/,
      true,
    ],
    [
      "that refers to nothing",
      () =>
        withRow("redirect.target", 2, (row) => ({
          ...row,
          fields: { ...row.fields, owner: 4711, description: secret },
        })),
      new RegExp(
        `row ${numberOf("redirect.target", 2)} \\(roasted\\.target, pk 2\\): the field "owner" refers to a row that is neither in the dump nor in the database \\(1 row of this kind\\)`,
      ),
      true,
    ],
    ["that is not the one named", () => `${sampleDump}\n`, /digest/, false],
  ])("of a dump %s", async (what, dump, message, backedUp) => {
    const before = bench.everything();
    const options = what === "that is not the one named" ? { digest: sha256(sampleDump) } : {};
    const run = await bench.load(dump(), options);
    expect(run.code).toBe(1);
    expect(run.reason).toMatch(message);
    expect(run.stdout + run.stderr).not.toContain(secret);
    expect(bench.everything()).toEqual(before);
    expect(bench.backups()).toHaveLength(backedUp ? 1 : 0);
    if (backedUp)
      expect(run.reason).toContain(`the backup from before is /microarray/backups/tracks/`);
  });
});
