import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { execaSync } from "execa";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { SourceFacts, TargetFacts } from "../../commands/ops/copyData/ends";
import { type Row, sampleDump, sha256 } from "../sampleDump";
import { holdLock } from "./heldLock";
import { MigrationBench } from "./migrationBench";
import type { Run } from "./privateRoot";

/** What an administrator asks of the source. */
const everything = { defaults: true, scrub: [], exclude: [] };

let bench: MigrationBench;
const open = async (version?: "3.6"): Promise<void> => {
  bench = await MigrationBench.create(version);
  expect(await bench.load(sampleDump)).toMatchObject({ code: 0 });
};
const close = (): void => {
  bench.remove();
};

const place = [
  "user=daemon",
  "current=/microarray/tracks",
  "virtualenv=/home/daemon/venv",
  "production=no",
];

function copyOut(mode: "look" | "dump", request: object = everything): Promise<Run> {
  const words = ["copy-out", mode, ...place, "to=tracks.dev", "scrub=yes"];
  return bench.host.run(words, { input: `${JSON.stringify(request)}\n`, descriptor3: "open" });
}

function copyIn(
  mode: "look" | "load",
  input: string,
  descriptor3: "open" | "ended" | Promise<unknown> = "open",
  environment: Record<string, string> = {},
): Promise<Run> {
  const words = ["copy-in", mode, ...place, "backups=/microarray/backups/tracks"];
  return bench.host.run([...words, "from=tracks.production"], { input, descriptor3, environment });
}

/** The request, and the dump behind it. */
function sending(
  dump: string,
  { size = Buffer.byteLength(dump), sum = sha256(dump) } = {},
): string {
  return `${JSON.stringify({ size, sha256: sum })}\n${dump}`;
}

const rowsOf = (run: Run): Row[] => JSON.parse(run.stdout) as Row[];
const usersIn = (rows: readonly Row[]) => rows.filter(({ model }) => model === "auth.user");
/** dumpdata has milliseconds, and says so only where there are any. */
const copiedRows = () =>
  JSON.stringify(bench.dump("auth.group", "roasted", "admin.logentry")).replaceAll(".000Z", "Z");
const audited = () => bench.host.read("/var/lib/tracks/audit.log");
/** Programs that were written for a run. */
const left = () => readdirSync(bench.host.at("/run")).filter((name) => name.startsWith("tracks-"));

describe.each([
  ["Python 3.6", "3.6"],
  ["this machine's Python", undefined],
] as const)("with %s", (_, version) => {
  beforeEach(() => open(version), 300_000);
  afterEach(close);

  test("gives the data away without passwords, addresses and sessions", async () => {
    bench.execute("INSERT INTO django_session VALUES ('key', 'data', '2030-01-01')");
    const before = bench.dump("auth.user", "roasted");
    const run = await copyOut("dump");
    expect(run).toMatchObject({ code: 0, stderr: "" });
    const rows = rowsOf(run);
    expect(rows.map(({ model }) => model)).not.toContain("sessions.session");
    const users = usersIn(rows);
    expect(users.length).toBeGreaterThan(2);
    for (const { fields } of users) {
      expect(fields["password"]).toMatch(/^!\w{40}$/);
      expect(fields["email"]).toBe("");
    }
    // All else is as it was.
    const [hidden, shown] = [{ password: "", email: "" }, (row: Row) => !/^auth/.test(row.model)];
    expect(users.map(({ pk, fields }) => ({ pk, ...fields, ...hidden }))).toEqual(
      usersIn(before).map(({ pk, fields }) => ({ pk, ...fields, ...hidden })),
    );
    const models = new Set(before.filter(shown).map(({ model }) => model));
    expect(rows.filter(({ model }) => models.has(model))).toEqual(before.filter(shown));
    expect(audited()).toMatch(
      / tracks\.dev\/data operated gave a copy of the data to tracks\.dev, scrubbed\n$/,
    );
    expect(left()).toEqual([]);
  }, 60_000);

  test("replaces all rows by the copy, and leaves a backup that has them", async () => {
    const dump = (await copyOut("dump")).stdout;
    const copied = copiedRows();
    bench.execute(
      "DELETE FROM roasted_redirecthit; UPDATE auth_user SET username = 'somebody' WHERE id = 2;" +
        " INSERT INTO django_session VALUES ('key', 'data', '2030-01-01');" +
        " INSERT INTO auth_group VALUES (99, 'only here')",
    );
    const former = bench.everything();
    const run = await copyIn("load", sending(dump));
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout).toMatch(/^backup \S+-copy-data\.sqlite3\nloaded /);
    expect(run.stdout).toContain("loaded roasted.redirecthit: 128 rows\n");
    expect(copiedRows()).toEqual(copied);
    expect(bench.query("SELECT username FROM auth_user WHERE id = 2")).not.toEqual([["somebody"]]);
    expect(bench.query("SELECT count(*) FROM django_session")).toEqual([[0]]);
    expect(audited()).toMatch(
      / operated replaced the data by a copy of those of tracks\.production\n$/,
    );
    const [, backup = ""] = /^backup (\S+)$/m.exec(run.stdout) ?? [];
    expect(execaSync("stat", ["-c", "%a", backup]).stdout).toBe("600");
    bench.restore(backup);
    expect(bench.everything()).toBe(former);
    expect(left()).toEqual([]);
  }, 60_000);
});

describe("the source, before it gives anything", () => {
  beforeAll(() => open(), 300_000);
  afterAll(close);

  test("says what it would scrub, and the migrations of its data", async () => {
    const rules = [
      ["roasted.target.description", "no {pk}"],
      ["auth.User.email", "user{pk}@example.org"],
    ];
    const run = await copyOut("look", { ...everything, scrub: rules });
    const facts = JSON.parse(run.stdout) as SourceFacts;
    const place = await copyIn("look", `${JSON.stringify({ migrations: [] })}\n`);
    const { file, path } = JSON.parse(place.stdout) as TargetFacts;
    expect(facts.file).toBe(file);
    expect(facts.file?.split(" ").slice(1).join(" ")).toBe(
      execaSync("stat", ["-c", "%d %i", path]).stdout,
    );
    expect(facts.migrations).toContainEqual({ name: "roasted.0001_initial", replaces: [] });
    expect(facts.scrub).toEqual([
      "auth.user.email (replaced)",
      "auth.user.password (unusable)",
      "roasted.target.description (replaced)",
    ]);
    const rows = rowsOf(
      await copyOut("dump", { ...everything, scrub: rules, exclude: ["roasted.redirecthit"] }),
    );
    const target = rows.find(({ model }) => model === "roasted.target");
    expect(target?.fields["description"]).toBe(`no ${target?.pk}`);
    expect(usersIn(rows)[0]?.fields["email"]).toBe(`user${usersIn(rows)[0]?.pk}@example.org`);
    expect(rows.map(({ model }) => model)).not.toContain("roasted.redirecthit");
  });

  test.each([
    ["no.such.field", "x", "the application has no model no.such; it has admin.logentry,"],
    ["auth.user.nickname", "x", "the model auth.user has no field nickname; it has date_joined,"],
    ["auth.user.id", "1", "it is the primary key, by which other rows know this one"],
    ["auth.user.username", "x", "its values must differ: write {pk} where the row's primary key"],
    ["auth.user.groups", "1", "it is a relation to many rows, which can only be emptied"],
    ["auth.user.first_name", "x".repeat(151), "the value is longer than 150 characters"],
    ["roasted.redirecthit.count", "", "it can't be empty: give a value"],
    ["roasted.redirecthit.at", "secret-day", "the field refuses this value (DateTimeField)"],
  ])("refuses to scrub %s, and prints no data", async (field, value, reason) => {
    const run = await copyOut("dump", { ...everything, scrub: [[field, value]] });
    expect(run).toMatchObject({ code: 1, stdout: "" });
    expect(run.reason).toContain(`--scrub ${field}: ${reason}`);
    expect(run.stderr).not.toContain("secret-day");
  });

  test("refuses to leave out a model that there is not", async () => {
    const run = await copyOut("dump", { ...everything, exclude: ["auth.nobody"] });
    expect(run).toMatchObject({ code: 1, stdout: "" });
    expect(run.reason).toContain("--exclude auth.nobody: the application has no model auth.nobody");
  });

  test("refuses words that it does not know", async () => {
    const run = (...words: string[]) => bench.host.run(words);
    expect((await run("copy-out", "all")).reason).toBe('copy-out "all": must be look or dump');
    expect((await run("copy-in", "look", "user=daemon")).reason).toMatch(
      /^copy-in needs user, current,/,
    );
    expect((await run("copy-out", "look", "place=x")).reason).toMatch(
      /^copy-out accepts user=, .* scrub=, not "place=x"$/,
    );
  });
});

describe("the source", () => {
  beforeEach(() => open(), 300_000);
  afterEach(close);

  test("keeps what the application prints out of the dump, and values out of an error", async () => {
    bench.addToSettings(
      "import django.core.serializers.json as j\nend = j.Serializer.end_object\nprint('settings say hello')",
    );
    const run = await copyOut("dump");
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(rowsOf(run).length).toBeGreaterThan(100);
    bench.addToSettings(
      "def fail(*_):\n    raise ValueError('secret-owl')\n\n\nj.Serializer.end_object = fail",
    );
    const failed = await copyOut("dump");
    expect(failed.code).toBe(1);
    expect(failed.reason).toMatch(/^ValueError in \S+:\d+$/);
    expect(failed.stderr).not.toContain("secret-owl");
    expect(audited().match(/gave a copy/g)).toHaveLength(1);
    expect(audited()).not.toContain("gave a part");
    bench.addToSettings(
      "def fail_late(self, row):\n    end(self, row)\n    self.stream.flush()\n    fail()\n\n\nj.Serializer.end_object = fail_late",
    );
    const late = await copyOut("dump");
    expect(late).toMatchObject({ code: 1, reason: failed.reason });
    // What has left has left.
    expect(audited()).toMatch(/ operated gave a part of the data to tracks\.dev, scrubbed\n$/);
  });

  test("ends, with all that it started, when its caller is gone", async () => {
    bench.addToSettings(
      "import time\nimport django.core.serializers.json as j\nj.Serializer.start_object = lambda *_: time.sleep(60)",
    );
    const words = ["copy-out", "dump", ...place, "to=tracks.dev", "scrub=yes"];
    const run = await bench.host.run(words, {
      input: `${JSON.stringify(everything)}\n`,
      descriptor3: "ended",
    });
    expect(run.code).toBe(1);
    expect(run.milliseconds).toBeLessThan(20_000);
    const running = execaSync("pgrep", ["-f", `${bench.host.root}/run/tracks-copy`], {
      reject: false,
    });
    expect(running.stdout).toBe("");
  });
});

test("says that the data are replaced, also where it can't be written to the audit log", async () => {
  await open();
  try {
    const dump = (await copyOut("dump")).stdout;
    rmSync(bench.host.at("/run/tracks/lock.records"));
    mkdirSync(bench.host.at("/run/tracks/lock.records"));
    const run = await copyIn("load", sending(dump));
    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout).toMatch(/^loaded roasted\.target: /m);
    expect(run.stdout).toMatch(/\nnote the audit log does not have this: .*lock\.records.*\n$/);
  } finally {
    close();
  }
}, 300_000);

describe("the target", () => {
  let dump: string;
  let former: string;
  beforeAll(async () => {
    await open();
    dump = (await copyOut("dump")).stdout;
    bench.execute("UPDATE roasted_target SET description = 'here'");
    former = bench.everything();
  }, 300_000);
  afterAll(close);

  test("says which migrations of the data it lacks, those that others stand for apart", async () => {
    const migrations = [
      { name: "roasted.0001_initial", replaces: [] },
      { name: "roasted.0007_species", replaces: [] },
      { name: "roasted.0001_squashed", replaces: ["roasted.0001_initial"] },
      { name: "roasted.0002_squashed", replaces: ["roasted.0002_a", "roasted.0001_initial"] },
    ];
    const run = await copyIn("look", `${JSON.stringify({ migrations })}\n`);
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(run.stdout)).toMatchObject({
      lacking: ["roasted.0007_species", "roasted.0002_squashed"],
      pending: [],
    });
  });

  test.each<[what: string, change: (rows: Row[]) => Row[], reason: RegExp]>([
    [
      "a row that refers to none",
      (rows) =>
        rows.map((row) =>
          row.model === "roasted.redirecthit"
            ? { ...row, fields: { ...row.fields, target: 4711 } }
            : row,
        ),
      /roasted\.redirecthit.*the field "target" refers to a row that is neither.* kind\): leave its rows out, too, with --exclude roasted\.redirecthit, or empty the field with --scrub roasted\.redirecthit\.target=$/,
    ],
    [
      "a field that its release lacks",
      (rows) =>
        rows.map((row) =>
          row.model === "roasted.target"
            ? { ...row, fields: { ...row.fields, species: "secret-owl" } }
            : row,
        ),
      /the application's model has no field "species"$/,
    ],
    [
      "a model that its release lacks",
      (rows) => [...rows, { model: "birds.owl", pk: 1, fields: {} }],
      /does not have: birds\.owl \(1 row\)\. Deploy the release that has them, or leave them out with --exclude/,
    ],
  ])("keeps its data where the copy has %s", async (_, change, reason) => {
    const changed = JSON.stringify(change(JSON.parse(dump) as Row[]));
    const run = await copyIn("load", sending(changed));
    expect(run.code).toBe(1);
    expect(run.reason).toMatch(reason);
    expect(run.stderr).not.toContain("secret-owl");
    expect(bench.everything()).toBe(former);
  });

  test.each([
    ["does not arrive whole", "ended", () => sending(dump, { size: dump.length + 10 })],
    ["is not what was sent", "open", () => sending(dump, { sum: sha256("another") })],
  ] as const)("keeps its data where the copy %s", async (_, descriptor3, input) => {
    const backups = bench.backups();
    const run = await copyIn("load", input(), descriptor3);
    expect(run.code).toBe(1);
    expect(run.reason).toMatch(/did not arrive whole|is not the one that was sent/);
    expect(bench.everything()).toBe(former);
    expect(bench.backups()).toEqual(backups);
  });

  /** Sizes of the files that are being received. */
  const received = () =>
    bench
      .backups()
      .filter((name) => name.startsWith(".copy-data-"))
      .map((name) => statSync(bench.host.at(`/microarray/backups/tracks/${name}`)).size);

  test("keeps no other run waiting while it receives the data", async () => {
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const run = copyIn("load", sending(dump, { size: dump.length + 1000 }), ended);
    await expect.poll(received, { timeout: 20_000 }).toHaveLength(1);
    for (const subsystem of ["application", "uwsgi"]) {
      (await holdLock(bench.host, subsystem)).release();
    }
    end();
    expect((await run).reason).toBe("the dump did not arrive whole");
    expect(received()).toEqual([]);
  });

  test.each([
    ["another run keeps it waiting too long", "open", "2", /^application is locked by /],
    [
      "its caller has gone while it waited",
      "ended",
      "30",
      /^the caller is gone: nothing was done$/,
    ],
  ] as const)("keeps its data where %s", async (_, descriptor3, wait, reason) => {
    const backups = bench.backups();
    const lock = await holdLock(bench.host, "application");
    const run = copyIn("load", sending(dump), descriptor3, { TRACKS_LOCK_WAIT: wait });
    if (descriptor3 === "ended") {
      await expect.poll(received, { timeout: 20_000 }).toEqual([Buffer.byteLength(dump)]);
      lock.release();
    }
    const { code, reason: said } = await run;
    lock.release();
    expect({ code, said }).toEqual({ code: 1, said: expect.stringMatching(reason) as string });
    expect(bench.everything()).toBe(former);
    expect(bench.backups()).toEqual(backups);
  });

  test("keeps its data when the caller is gone before the end", async () => {
    const made = () => bench.backups().filter((name) => name.endsWith(".sqlite3")).length;
    const before = made();
    // Slow enough that the end of the caller comes between.
    bench.addToSettings(
      [
        "import time",
        "from django.db.models.query import QuerySet",
        "insert = QuerySet._insert",
        "QuerySet._insert = lambda *words, **more: (time.sleep(3), insert(*words, **more))[1]",
      ].join("\n"),
    );
    const loading = expect.poll(made, { timeout: 20_000 }).toBeGreaterThan(before);
    const run = await copyIn("load", sending(dump), loading);
    expect(run).toMatchObject({ code: 1, reason: "ended by a signal" });
    expect(run.stdout).not.toContain("loaded");
    expect(bench.everything()).toBe(former);
  });

  test("says which migrations of its release the database lacks", async () => {
    bench.execute("DELETE FROM django_migrations WHERE app = 'sessions'");
    const behind = await copyIn("look", `${JSON.stringify({ migrations: [] })}\n`);
    expect(JSON.parse(behind.stdout)).toMatchObject({ pending: ["sessions.0001_initial"] });
  });

  test("is never a production site, and never a server", async () => {
    const words = ["copy-in", "load", ...place.slice(0, 3), "production=yes"];
    const production = await bench.host.run([...words, "backups=/b", "from=tracks.x"], {
      input: "",
    });
    expect(production.reason).toMatch(
      /^copy-in: production must be no, since a copy never replaces/,
    );
    bench.addToSettings(
      "DATABASES = {'default': {'ENGINE': 'django.db.backends.dummy', 'NAME': 'x'}}",
    );
    const server = await copyIn("look", `${JSON.stringify({ migrations: [] })}\n`);
    expect(server.reason).toMatch(
      /^the database is unknown without PRODUCTION, too: a copy replaces/,
    );
  });
});
