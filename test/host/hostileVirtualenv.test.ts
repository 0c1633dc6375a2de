import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { execaSync } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DeployRoot, python } from "./deployRoot";
import { manifest } from "./privateRoot";

/**
 * The interpreter of a virtualenv is its owner's to replace. This one takes what it can get wherever
 * the script runs it, and then continues as Python does.
 */
const hostile = (root: string): string => `#!${python} -I
import json, os, sys

seen = {"words": sys.argv[1:], "user": os.getuid(), "open": {}, "stolen": ""}
for name in os.listdir("/proc/self/fd"):
    try:
        seen["open"][name] = os.readlink("/proc/self/fd/" + name)
        if int(name) > 2:
            seen["stolen"] += os.read(int(name), 4096).decode("latin-1")
    except OSError:
        pass
given = b""
while True:
    part = os.read(0, 65536)
    if not part:
        break
    given += part
seen["stolen"] += given.decode("latin-1")
for other in ("/proc/%d/fd" % os.getppid(), "/proc/%d/environ" % os.getppid()):
    try:
        seen["stolen"] += str(os.listdir(other))
    except OSError:
        pass
with open(${JSON.stringify(root)} + "/home/daemon/loot", "a") as loot:
    loot.write(json.dumps(seen) + "\\n")
# Links to a file of root's, wherever root may read next; and a login that fails makes it read there.
if os.path.exists(${JSON.stringify(root)} + "/home/daemon/plant"):
    for name in ("local.py", "postgresql-ca.pem"):
        path = ${JSON.stringify(root)} + "/microarray/shared/tracks/" + name
        if os.path.lexists(path):
            os.remove(path)
        os.symlink(${JSON.stringify(root)} + "/etc/shadow-like", path)
    print("refused")
    sys.exit(4)
rest = os.open(${JSON.stringify(root)} + "/home/daemon/again", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
os.write(rest, given)
os.lseek(rest, 0, os.SEEK_SET)
os.dup2(rest, 0)
os.execv(${JSON.stringify(python)}, [${JSON.stringify(python)}] + sys.argv[1:])
`;

interface Seen {
  words: string[];
  user: number;
  open: Record<string, string>;
  stolen: string;
}

let site: DeployRoot;
beforeEach(async () => {
  site = await DeployRoot.create();
  const { host } = site;
  host.write("/etc/shadow-like", "root's secret\n", 0o600);
  const interpreter = "/home/daemon/venvs/0123456789ab/bin/python";
  rmSync(host.at(interpreter));
  host.write(interpreter, hostile(host.root), 0o755);
  site.switchUsers();
});
afterEach(() => {
  site.remove();
});

/** Everything that the interpreter saw since the last look. */
function loot(): Seen[] {
  const file = site.host.at("/home/daemon/loot");
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  rmSync(file);
  return lines.map((line) => JSON.parse(line) as Seen);
}

/** It ran as its owner, with only stdin, stdout and stderr open, none of them a file of root. */
function expectNothingWasOpen(seen: Seen[]): void {
  for (const { words, user, open, stolen } of seen) {
    expect(user, words.join(" ")).toBe(1);
    for (const [descriptor, target] of Object.entries(open)) {
      if (Number(descriptor) <= 2) expect(target, words.join(" ")).toMatch(/^pipe:|^\/dev\/null$/);
      else expect(target, words.join(" ")).toMatch(/^\/proc\/\d+\/fd$|venvs.*\/bin\/python$/);
    }
    expect(stolen, words.join(" ")).not.toContain("root's secret");
  }
}

const service = { environment: { SEASON: "winter" } };

test("an interpreter that its owner replaced gets no open file of root, in any step of a deployment", async () => {
  site.addRelease("first", { pending: ["tracks.0001_initial"] });
  site.switchUsers();
  const run = await site.host.apply(site.deployment("first", service));
  expect(run).toMatchObject({ code: 0, stderr: "" });
  const seen = loot();
  const steps = seen.map(({ words }) => words.join(" "));
  for (const step of [
    "links",
    "check",
    "examine",
    "smoke",
    "collectstatic",
    "--if-any",
    "migrate",
    "prune",
  ]) {
    expect(steps.join("\n")).toContain(` ${step}`);
  }
  expectNothingWasOpen(seen);
});

test("settings that became a link are read with their owner's rights, not with root's", async () => {
  site.addRelease("first");
  site.switchUsers();
  expect((await site.host.apply(site.deployment("first", service))).code).toBe(0);
  expect((await site.host.apply(site.settings("django.db.backends.postgresql"))).code).toBe(0);
  loot();
  // From here on each login fails, which makes root look at the former settings.
  site.host.write("/home/daemon/plant", "");
  const run = await site.host.apply(site.settings("django.db.backends.postgresql_psycopg2"));
  expect(run.code).toBe(1);
  const seen = loot();
  expect(seen.length).toBeGreaterThanOrEqual(1);
  expectNothingWasOpen(seen);
  expect(run.stdout + run.stderr).not.toContain("root's secret");
});

test("kept settings that were a link give nothing away when the run is undone", async () => {
  site.addRelease("first");
  site.switchUsers();
  expect((await site.host.apply(site.deployment("first", service))).code).toBe(0);
  for (const file of ["local.py", "postgresql-ca.pem"]) {
    symlinkSync(
      site.host.at("/etc/shadow-like"),
      site.host.at(`/microarray/shared/tracks/${file}`),
    );
  }
  loot();
  // It fails once the links are swapped out, and kept.
  const failing = manifest(
    "app-settings",
    "settings",
    "file /microarray/shared/tracks/local.py owner=daemon group=daemon mode=0400 secret=yes",
    '| DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql"}}',
    "file /microarray/shared/tracks/postgresql-ca.pem owner=daemon group=daemon mode=0444",
    "| AUTHORITY",
    "service nosuch",
  );
  const run = await site.host.apply(failing);
  expect(run.code).toBe(1);
  expectNothingWasOpen(loot());
  expect(site.host.linkTarget("/microarray/shared/tracks/local.py")).toBe(
    site.host.at("/etc/shadow-like"),
  );
});

test("the loader of a dump gets no open file of root, and only the login opens the dump", async () => {
  const { host } = site;
  site.addRelease("first");
  mkdirSync(host.at("/home/games/.tracks/tracks.dev"), { recursive: true });
  host.write("/home/games/.tracks/tracks.dev/data-dump-x", "[]\n", 0o600);
  site.switchUsers();
  execaSync("chown", ["-R", "games:games", host.at("/home/games")]);
  chmodSync(host.at("/home/games"), 0o700);
  host.write(
    "/etc/passwd",
    host.read("/etc/passwd").replace(/^(games:.*):[^:]*:([^:]*)$/m, "$1:/home/games:$2"),
  );
  const dump = host.at("/home/games/.tracks/tracks.dev/data-dump-x");
  const digest = execaSync("sha256sum", [dump]).stdout.slice(0, 64);
  const load = manifest(
    "data-load",
    "data-migration",
    `data-load data release=/microarray/releases/tracks/first python=/home/daemon/venvs/0123456789ab/bin/python user=daemon production=no dump=.tracks/tracks.dev/data-dump-x login=games digest=${digest} backups=/microarray/backups/tracks`,
  );
  chmodSync(host.at("/microarray/backups/tracks"), 0o700);
  const run = await host.apply(load);
  // The stand-in for Django loads nothing.
  expect(run.code).toBe(1);
  const seen = loot();
  expect(seen.map(({ words }) => words.join(" ")).join("\n")).toContain("load_dump.py");
  expectNothingWasOpen(seen);
});

test("a log that became a link is read with the rights of the user who can make one there", async () => {
  const { host } = site;
  site.addRelease("first");
  site.switchUsers();
  expect((await host.apply(site.deployment("first", service))).code).toBe(0);
  expect((await host.apply(site.service())).code).toBe(0);
  host.write("/etc/shadow-like", "root's secret\n".repeat(100), 0o600);
  execaSync("chown", ["daemon:daemon", host.at("/var/log")]);
  rmSync(host.at("/var/log/uwsgi.log"), { force: true });
  symlinkSync(host.at("/etc/shadow-like"), host.at("/var/log/uwsgi.log"));
  site.addRelease("second", { fault: "service-answer" });
  execaSync("chown", ["-R", "daemon:daemon", host.at("/microarray/releases")]);
  const run = await host.apply(site.deployment("second", service));
  expect(run.reason).toContain("uWSGI does not run with the change");
  expect(run.stdout + run.stderr).not.toContain("root's secret");
});
