import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sampleDump, type Row } from "../sampleDump";
import { MigrationBench } from "./migrationBench";

/** An application that writes rows of its own while others are loaded: by receivers and by triggers. */
let bench: MigrationBench;
beforeEach(async () => {
  bench = await MigrationBench.create();
  bench.install("profiles", {
    models: `
class Profile(models.Model):
    user = models.OneToOneField("auth.User", on_delete=models.CASCADE)
    motto = models.TextField(blank=True)
    badges = models.ManyToManyField("Badge")


class Badge(models.Model):
    name = models.CharField(max_length=20)
`,
    tables: `
CREATE TABLE profiles_profile (id integer PRIMARY KEY, user_id integer NOT NULL UNIQUE
  REFERENCES auth_user(id) DEFERRABLE INITIALLY DEFERRED, motto text NOT NULL);
CREATE TABLE profiles_badge (id integer PRIMARY KEY, name varchar(20) NOT NULL);
CREATE TABLE profiles_profile_badges (id integer PRIMARY KEY, profile_id integer NOT NULL
  REFERENCES profiles_profile(id) DEFERRABLE INITIALLY DEFERRED, badge_id integer NOT NULL
  REFERENCES profiles_badge(id) DEFERRABLE INITIALLY DEFERRED);
`,
  });
}, 300_000);
afterEach(() => {
  bench.remove();
});

const user = (JSON.parse(sampleDump) as Row[]).find(({ model }) => model === "auth.user");
const person = (pk: number): Row => ({
  model: "auth.user",
  pk,
  fields: { ...user?.fields, username: `person${pk}`, groups: [], user_permissions: [] },
});
const badge = (pk: number): Row => ({ model: "profiles.badge", pk, fields: { name: `b${pk}` } });
const profile = (pk: number, owner: number, badges: number[] = []): Row => ({
  model: "profiles.profile",
  pk,
  fields: { user: owner, motto: `motto of ${owner}`, badges },
});
const profiles = () => bench.query("SELECT id, user_id, motto FROM profiles_profile ORDER BY id");

const makesProfile = `
@receiver(post_save, sender="auth.User")
def make_profile(sender, instance, created, **kwargs):
    if created:
        Profile.objects.create(user=instance, motto="new here")
`;
const triggerMakesProfile =
  "CREATE TRIGGER made AFTER INSERT ON auth_user BEGIN INSERT INTO profiles_profile (user_id, motto) VALUES (NEW.id, 'new here'); END;";

describe.each<[string, () => void]>([
  [
    "a receiver of post_save",
    () => {
      bench.receivers("profiles", makesProfile);
    },
  ],
  [
    "a trigger of the database",
    () => {
      bench.execute(triggerMakesProfile);
    },
  ],
])("%s that makes a profile for each user", (_what, install) => {
  beforeEach(install);

  test("its profiles are replaced by the dump's, with the dump's keys", async () => {
    const rows = [person(1), person(3), profile(1, 1), profile(2, 3)];
    const run = await bench.load(JSON.stringify(rows));
    expect(run.stderr).toBe("");
    expect(profiles()).toEqual([
      [1, 1, "motto of 1"],
      [2, 3, "motto of 3"],
    ]);
    expect(run.stdout).toContain("loaded profiles.profile: 2 rows\n");
  });

  test("its profiles are replaced whatever their keys are", async () => {
    // It makes 1 for the first, 2 for the second, 3 for the third.
    const rows = [person(1), person(3), person(4), profile(7, 1), profile(3, 3), profile(1, 4)];
    const run = await bench.load(JSON.stringify(rows));
    expect(run.stderr).toBe("");
    expect(profiles()).toEqual([
      [1, 4, "motto of 4"],
      [3, 3, "motto of 3"],
      [7, 1, "motto of 1"],
    ]);
  });

  test("its profile stays for a user without one in the dump, with a note", async () => {
    const run = await bench.load(JSON.stringify([person(1), person(3), profile(9, 1)]));
    expect(run.stderr).toBe("");
    expect(profiles()).toEqual([
      [2, 3, "new here"],
      [9, 1, "motto of 1"],
    ]);
    expect(run.stdout).toContain(
      "note: profiles.profile: 1 row more, which the application or its database has created for rows of the dump\n",
    );
  });

  test("does not hide two profiles of one user in the dump", async () => {
    const rows = [person(1), person(3), profile(5, 1), profile(6, 1)];
    const before = bench.everything();
    const run = await bench.load(JSON.stringify(rows));
    expect(run.code).toBe(1);
    expect(run.reason).toMatch(
      /row 4 \(profiles\.profile, pk 6\): .*UNIQUE constraint failed: profiles_profile\.user_id/,
    );
    expect(bench.everything()).toBe(before);
  });
});

test("a receiver that fails because the profile exists already is named as a possible cause", async () => {
  bench.receivers("profiles", makesProfile);
  const run = await bench.load(JSON.stringify([profile(1, 1), person(1)]));
  expect(run.code).toBe(1);
  expect(run.reason).toContain("row 2 (auth.user, pk 1)");
  expect(run.reason).toContain("that receiver should return at once when raw is True");
});

describe.each<[string, () => void]>([
  [
    "a receiver",
    () => {
      bench.receivers(
        "profiles",
        `
@receiver(post_save, sender="profiles.Profile")
def give_badge(sender, instance, **kwargs):
    instance.badges.add(1)
`,
      );
    },
  ],
  [
    "a trigger",
    () => {
      bench.execute(
        "CREATE TRIGGER given AFTER INSERT ON profiles_profile BEGIN INSERT INTO profiles_profile_badges (profile_id, badge_id) VALUES (NEW.id, 1); END;",
      );
    },
  ],
])("a badge that %s gives to each profile", (_what, install) => {
  test("is removed where the dump says otherwise, also with an empty list", async () => {
    install();
    const rows = [badge(1), badge(2), person(1), person(3), profile(1, 1, []), profile(2, 3, [2])];
    const run = await bench.load(JSON.stringify(rows));
    expect(run.stderr).toBe("");
    expect(bench.query("SELECT profile_id, badge_id FROM profiles_profile_badges")).toEqual([
      [2, 2],
    ]);
  });
});

test("refuses rows of an unmanaged model, which is a view, and names the fix", async () => {
  bench.receivers(
    "profiles",
    `

class Summary(models.Model):
    name = models.CharField(max_length=20)

    class Meta:
        managed = False
`,
  );
  bench.execute("CREATE VIEW profiles_summary AS SELECT id, name FROM profiles_badge");
  const rows = [badge(1), { model: "profiles.summary", pk: 1, fields: { name: "b1" } }];
  const refused = await bench.load(JSON.stringify(rows));
  expect(refused.code).toBe(1);
  expect(refused.reason).toContain(
    "the dump has rows of profiles.summary, for which migrate creates no table (managed = False), and the database has none: list it in DataMigration.skipModels",
  );
  expect(bench.backups()).toEqual([]);
  const run = await bench.load(JSON.stringify(rows), { skip: ["profiles.summary"] });
  expect(run.stderr).toBe("");
  expect(bench.query("SELECT id FROM profiles_badge")).toEqual([[1]]);
});
