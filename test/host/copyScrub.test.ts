import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execaSync } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { djangoPython } from "./migrationBench";

/** An application with a user of its own, who logs in by an address, and models that inherit. */
const models = (email: string) => `
from django.contrib.auth.models import AbstractUser
from django.db import models


class Person(AbstractUser):
    ${email}


class Curator(Person):
    room = models.CharField(max_length=5, null=True)


class Senior(Curator):
    class Meta:
        proxy = True


class Owl(models.Model):
    keeper = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL)
    age = models.IntegerField(null=True)
    ring = models.IntegerField(unique=True)
    is_wise = models.BooleanField(default=True)
    name = models.CharField(max_length=20, unique=True, null=True)
    nest = models.CharField(max_length=20)
    friends = models.ManyToManyField("self")
    hunters = models.ManyToManyField(Person, related_name="prey", through="Hunt")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["nest"], name="one_nest")]


class Hunt(models.Model):
    owl = models.ForeignKey(Owl, on_delete=models.CASCADE)
    person = models.ForeignKey(Person, on_delete=models.CASCADE)
`;

const uniqueEmail = "email = models.EmailField(unique=True)";

const program = `
import json, sys
sys.path[:0] = ["."] + [${JSON.stringify(join(__dirname, "../../host/script/python"))}]
import django
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "shop"],
    AUTH_USER_MODEL="shop.Person",
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.setup()
from django.apps import apps
from copy_scrub import Scrub
from dump_faults import CopyFault

rules, rows, excluded = json.load(sys.stdin)
scrub = Scrub(apps)
scrub.add_defaults()
try:
    for name, text in rules:
        scrub.add(name, text)
    left_out = scrub.left_out(excluded)
except CopyFault as fault:
    print(json.dumps({"fault": str(fault)}))
    sys.exit()
for row in rows:
    scrub.apply(row)
print(json.dumps({"described": scrub.describe(), "rows": rows, "left_out": left_out}))
`;

interface Scrubbed {
  fault?: string;
  described: string[];
  rows: { fields: Record<string, unknown> }[];
  left_out: string[];
}

describe.each([
  ["Python 3.6", "3.6"],
  ["this machine's Python", undefined],
] as const)("scrubbing with %s", (_, version) => {
  let folder: string;
  let python: string;
  beforeAll(async () => {
    python = await djangoPython(version);
    folder = mkdtempSync(join(tmpdir(), "tracks-scrub-"));
    mkdirSync(join(folder, "shop"));
    writeFileSync(join(folder, "shop/__init__.py"), "");
    writeFileSync(join(folder, "shop/models.py"), models(uniqueEmail));
  }, 300_000);
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  function scrub(rules: [string, string][], ...rows: object[]): Scrubbed {
    return ask(rules, rows, []);
  }

  function ask(rules: [string, string][], rows: object[], excluded: string[]): Scrubbed {
    const { stdout } = execaSync(python, ["-c", program], {
      cwd: folder,
      input: JSON.stringify([rules, rows, excluded]),
      env: { PYTHONDONTWRITEBYTECODE: "1" },
    });
    return JSON.parse(stdout) as Scrubbed;
  }

  it("knows the application's own user, and gives each another address that leads nowhere", () => {
    const fields = { password: "pbkdf2$...", email: "owl@example.org", username: "owl" };
    const { described, rows } = scrub([], { model: "shop.person", pk: 7, fields });
    expect(described).toEqual(["shop.person.email (replaced)", "shop.person.password (unusable)"]);
    expect(rows[0]?.fields).toEqual({
      password: expect.stringMatching(/^!\w{40}$/) as string,
      email: "user7@example.invalid",
      username: "owl",
    });
  });

  it("scrubs an inherited field in the row that has it, and a proxy's in the row of its model", () => {
    const rules: [string, string][] = [
      ["shop.Curator.first_name", "Some {pk}"],
      ["shop.senior.room", ""],
    ];
    const { described, rows } = scrub(
      rules,
      { model: "shop.person", pk: 7, fields: { first_name: "Ann" } },
      { model: "shop.curator", pk: 7, fields: { room: "12" } },
    );
    expect(described).toContain("shop.person.first_name (replaced)");
    expect(rows.map(({ fields }) => fields)).toEqual([{ first_name: "Some 7" }, { room: "" }]);
  });

  it("empties what may be empty, and refuses what may not", () => {
    const owl = { model: "shop.owl", pk: 1, fields: { keeper: 7, age: 3, is_wise: true, ring: 5 } };
    const rules: [string, string][] = [
      ["shop.owl.keeper", ""],
      ["shop.owl.age", ""],
      ["shop.owl.is_wise", "False"],
      ["shop.owl.ring", "{pk}"],
    ];
    expect(scrub(rules, owl).rows[0]?.fields).toEqual({
      ...{ keeper: null, age: null, is_wise: "False", ring: "1" },
    });
    expect(scrub([["shop.owl.ring", "4"]]).fault).toMatch(
      /^--scrub shop\.owl\.ring: its values must/,
    );
    expect(scrub([["shop.owl.is_wise", ""]]).fault).toMatch(/: it can't be empty: give a value$/);
    expect(scrub([["shop.curator.room", "{pk}-long"]]).fault).toMatch(/longer than 5 characters$/);
  });

  it.each([
    ["with another field", 'models.UniqueConstraint(fields=["hall", "email"], name="one")'],
    [
      "under a condition",
      'models.UniqueConstraint(fields=["email"], condition=models.Q(hall=1), name="one")',
    ],
  ])("gives each user another address where they must differ %s", (_, constraint) => {
    const lines = [
      "email = models.EmailField()",
      "    hall = models.IntegerField()",
      "    class Meta:",
      `        constraints = [${constraint}]`,
    ];
    writeFileSync(join(folder, "shop/models.py"), models(lines.join("\n")));
    try {
      const { rows } = scrub([], { model: "shop.person", pk: 7, fields: { email: "a@b.org" } });
      expect(rows[0]?.fields["email"]).toBe("user7@example.invalid");
    } finally {
      writeFileSync(join(folder, "shop/models.py"), models(uniqueEmail));
    }
  });

  it("empties a field whose values must differ to NULL, where it may", () => {
    const owl = { model: "shop.owl", pk: 1, fields: { name: "Athene" } };
    expect(scrub([["shop.owl.name", ""]], owl).rows[0]?.fields).toEqual({ name: null });
    const nest = scrub([["shop.owl.nest", "tree"]]);
    expect(nest.fault).toMatch(/^--scrub shop\.owl\.nest: its values must differ/);
  });

  it.each([
    ["auth.user.first_name", "the application has shop.Person in place of this model"],
    ["shop.owl_friends.to_owl", "its rows are relations of the field shop.owl.friends, which"],
    ["shop.owl.hunters", "its relations are rows of the model shop.hunt: leave these out with"],
  ])("refuses to scrub %s, which no row of the dump has", (field, reason) => {
    expect(scrub([[field, ""]]).fault).toMatch(`--scrub ${field}: ${reason}`);
  });

  it("leaves out the rows of the model that has a proxy's", () => {
    expect(ask([], [], ["shop.senior", "shop.Owl"]).left_out).toEqual(["shop.curator", "shop.owl"]);
  });

  it.each([
    ["auth.user", "the application has shop.Person in place of this model: name that"],
    ["shop.owl_friends", "which --scrub shop.owl.friends= empties"],
    ["contenttypes.contenttype", "other rows refer to these, so the copy needs them"],
    ["auth.permission", "other rows refer to these, so the copy needs them"],
    ["shop.nobody", "the application has no model shop.nobody; it has auth.group,"],
  ])("refuses to leave out %s, whose rows the dump would have", (model, reason) => {
    expect(ask([], [], [model]).fault).toContain(reason);
    expect(ask([], [], [model]).fault).toMatch(`--exclude ${model}: `);
  });
});
