import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execaSync } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const program = join(__dirname, "../../host/script/python/application.py");

describe("where an application keeps its data", () => {
  let root: string;
  const at = (path: string) => join(root, path);
  const write = (path: string, content: string): void => {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), content);
  };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "tracks-places-"));
    // The parts of Django that are used, and no more: it need not be installed.
    write("releases/new/django/__init__.py", "VERSION = (1, 6)\n");
    write("releases/new/wsgi.py", "application = None\n");
    mkdirSync(at("shared/media"), { recursive: true });
    symlinkSync(at("shared/db.sqlite3"), at("releases/new/db.sqlite3"));
    symlinkSync(at("shared/media"), at("releases/new/media"));
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  /** Examines a release with these settings, as a deployment does before it migrates and switches. */
  const examine = (...settings: string[]) => {
    const text = ["class settings:", ...settings.map((line) => `    ${line}`), ""].join("\n");
    write("releases/new/django/conf.py", text);
    return execaSync("python3", [program, "examine", "wsgi.py", at("current")], {
      cwd: at("releases/new"),
      stripFinalNewline: false,
      reject: false,
    });
  };
  const sqlite = (name: string) =>
    `DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ${name}}}`;

  it("is the shared directory, by its own name or through the release's links", () => {
    for (const [name, media] of [
      [at("shared/db.sqlite3"), at("shared/media")],
      ["db.sqlite3", "media/uploads"],
      [at("releases/new/db.sqlite3"), at("releases/new/media")],
      // On a first deployment the link isn't there yet.
      [at("current/db.sqlite3"), at("current/media/")],
      [":memory:", ""],
      ["file:whatever?mode=memory", "/var/lib/elsewhere"],
    ]) {
      const run = examine(sqlite(JSON.stringify(name)), `MEDIA_ROOT = ${JSON.stringify(media)}`);
      expect(run).toMatchObject({ exitCode: 0, stderr: "" });
    }
  });

  it.each([
    ["data.sqlite3"],
    ["file:data.sqlite3?timeout=5"],
    ["current/data.sqlite3"],
    ["releases/old/db.sqlite3"],
  ])("must not be a sqlite file inside a release: %s", (file) => {
    const name = file.includes("/") ? at(file) : file;
    // Before the first deployment somebody's checkout may be at the path of the link.
    mkdirSync(at("current"));
    const { exitCode, stderr } = examine(sqlite(JSON.stringify(name)));
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /^DATABASES\["default"\]\["NAME"\] is \S*sqlite3, which is inside the release and is removed with it: set it to db\.sqlite3 next to manage\.py, .* or use the value of the local settings\n$/,
    );
  });

  it("must not be a folder for uploads inside the release, and all errors are reported", () => {
    const media = `MEDIA_ROOT = "${at("releases/new/uploads")}"`;
    const { exitCode, stderr } = examine(sqlite('"data.sqlite3"'), media);
    expect(exitCode).toBe(1);
    expect(stderr.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/^DATABASES/),
      expect.stringMatching(/^MEDIA_ROOT is \S+\/uploads, .*set it to media next to manage\.py/),
    ]);
  });

  it("is named with the command that copies the data, where there are any", () => {
    write("releases/old/data.sqlite3", "rows");
    write("releases/old/data.sqlite3-wal", "more rows");
    write("releases/old/my uploads/one.txt", "an upload");
    symlinkSync(at("releases/old"), at("current"));
    // Files that come with the source are not data of the site.
    write("releases/new/data.sqlite3", "empty");
    const media = `MEDIA_ROOT = "${at("current/my uploads")}"`;
    const { exitCode, stderr } = examine(sqlite('"data.sqlite3"'), media);
    expect(exitCode).toBe(1);
    const commands = [...stderr.matchAll(/on the host as root: service uwsgi stop && (.*)$/gm)];
    expect(commands).toHaveLength(2);
    for (const [, command = ""] of commands) {
      execaSync("sh", ["-c", command]);
    }
    expect(readFileSync(at("shared/db.sqlite3"), "utf8")).toBe("rows");
    expect(readFileSync(at("shared/db.sqlite3-wal"), "utf8")).toBe("more rows");
    expect(readFileSync(at("shared/media/one.txt"), "utf8")).toBe("an upload");
  });

  it("is not checked where uploads go to a service", () => {
    const media = 'MEDIA_ROOT = "uploads"';
    const storages = 'STORAGES = {"default": {"BACKEND": "storages.backends.s3.S3Storage"}}';
    expect(examine("DATABASES = {}", media, storages)).toMatchObject({ exitCode: 0, stderr: "" });
    expect(examine("DATABASES = {}", media)).toMatchObject({ exitCode: 1 });
  });
});
