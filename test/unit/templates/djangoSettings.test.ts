import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execaSync } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type LocalSettings, pythonLiteral, renderLocalSettings } from "../../../templates/django";

const hostile = [
  `quote " and ' and \\ and \\" and """`,
  "line\nline\r\ttab \0 nul \x1b escape",
  "ünïcødé Ж 漢 \u2028 😀",
  "{{password}} #{x} %s $HOME `id` u'x'",
  "\\u0041 \\N{DEGREE SIGN} \\x41",
  "",
];

const settings: LocalSettings = {
  program: "project tracks, stack test",
  link: "tracks/settings/local.py",
  sqlite: "/shared/db.sqlite3",
  secretKeyFile: "/shared/secret_key",
  allowedHosts: ["tracks.test"],
  mediaRoot: "/shared/media",
};

describe("a Python literal", () => {
  it("is read by Python as the same text, and is one line of ASCII", () => {
    const literals = hostile.map(pythonLiteral);
    for (const literal of literals) expect(literal).toMatch(/^[\x20-\x7e]*$/);
    const program =
      "import ast,json,sys; print(json.dumps([ast.literal_eval(l) for l in sys.stdin.read().splitlines()]))";
    const read = execaSync("python3", ["-c", program], { input: literals.join("\n") });
    expect(JSON.parse(read.stdout)).toEqual(hostile);
  });
});

describe("local settings", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tracks-settings-"));
    mkdirSync(join(folder, "release/tracks/settings"), { recursive: true });
    mkdirSync(join(folder, "shared"));
    // Just enough of Django for the one thing that is asked of it.
    writeFileSync(join(folder, "django.py"), "VERSION = (4, 2)\n");
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** The settings as Python sees them, imported through the release's link as Django does. */
  function evaluate(given: LocalSettings, django = "(4, 2)"): Record<string, unknown> {
    writeFileSync(join(folder, "django.py"), `VERSION = ${django}\n`);
    writeFileSync(join(folder, "shared/local.py"), renderLocalSettings(given));
    symlinkSync(join(folder, "shared/local.py"), join(folder, "release/tracks/settings/local.py"));
    const program =
      "import json,sys; sys.path[:0] = [sys.argv[1], sys.argv[2]]; import local;" +
      "print(json.dumps({k: getattr(local, k) for k in dir(local) if k.isupper()}))";
    const words = ["-c", program, folder, join(folder, "release/tracks/settings")];
    return JSON.parse(execaSync("python3", words).stdout) as Record<
      string,
      unknown
    >;
  }

  it("keep every password as it is, and find the release that they are linked from", () => {
    const password = hostile.join("");
    const postgresql = {
      name: "tracks",
      user: "deployer",
      password,
      host: "127.0.0.1",
      port: 5432,
    };
    expect(
      evaluate({
        ...settings,
        postgresql: { ...postgresql, sslmode: "verify-full", sslrootcert: "/shared/ca.pem" },
        secretKey: password,
      }),
    ).toEqual({
      DATABASES: {
        default: {
          ENGINE: "django.db.backends.postgresql",
          NAME: "tracks",
          USER: "deployer",
          PASSWORD: password,
          HOST: "127.0.0.1",
          PORT: "5432",
          OPTIONS: { sslmode: "verify-full", sslrootcert: "/shared/ca.pem" },
        },
      },
      SECRET_KEY: password,
      ALLOWED_HOSTS: ["tracks.test"],
      STATIC_ROOT: join(folder, "release/staticfiles"),
      MEDIA_ROOT: "/shared/media",
    });
  });

  it("name PostgreSQL as old versions of Django know it", () => {
    const postgresql = { name: "t", user: "d", password: "p", host: "h", port: 5432 };
    const { DATABASES } = evaluate({ ...settings, postgresql, secretKey: "s" }, "(1, 8, 2)");
    expect(DATABASES).toMatchObject({
      default: { ENGINE: "django.db.backends.postgresql_psycopg2" },
    });
  });

  it("read the key that the host generated, and name sqlite where there is no PostgreSQL", () => {
    writeFileSync(join(folder, "secret_key"), "made on the host\n");
    expect(evaluate({ ...settings, secretKeyFile: join(folder, "secret_key") })).toMatchObject({
      SECRET_KEY: "made on the host",
      DATABASES: { default: { ENGINE: "django.db.backends.sqlite3", NAME: "/shared/db.sqlite3" } },
    });
  });
});
