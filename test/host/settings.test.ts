import { mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { execa, execaSync } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { manifest, PrivateRoot } from "./privateRoot";

const release = "/microarray/releases/tracks/0123456789ab";
const settings = "/microarray/shared/tracks/local.py";
const ca = "/microarray/shared/tracks/postgresql-ca.pem";

let host: PrivateRoot;
/** Sets the password that the server accepts; it answers like PostgreSQL's driver. */
const serverTakes = (password: string, authority = "", tables = "roasted_target"): void => {
  host.write("/server", `${password}\n${authority}\n${tables}\n`);
};

beforeEach(() => {
  host = new PrivateRoot();
  // As much of Django as a login takes.
  host.write(
    `${release}/django/conf/__init__.py`,
    "class settings:\n    @classmethod\n    def configure(cls, **values):\n        cls.DATABASES = values['DATABASES']\n",
  );
  host.write(`${release}/django/__init__.py`, "");
  host.write(
    `${release}/django/db/__init__.py`,
    `import sys

from django.conf import settings

sys.stderr.write("UserWarning: this driver has another name soon\\n")


class connection:
    vendor = "postgresql"

    class introspection:
        @staticmethod
        def table_names():
            return connection.cursor()

    @staticmethod
    def cursor():
        attempts = open(${JSON.stringify(host.at("/server-restarts"))}, "r+")
        left = attempts.read().split()
        attempts.seek(0)
        attempts.truncate()
        attempts.write(" ".join(left[1:]))
        if left:
            raise RuntimeError("FATAL:  the database system is starting up")
        password, authority, tables = open(${JSON.stringify(host.at("/server"))}).read().splitlines()
        given = settings.DATABASES["default"]
        if given["PASSWORD"] != password:
            raise RuntimeError("FATAL:  password authentication failed\\n(%s)" % given["PASSWORD"])
        if authority and open(given["OPTIONS"]["sslrootcert"]).read().strip() != authority:
            raise RuntimeError("certificate verify failed")
        return tables.split()

    @staticmethod
    def close():
        pass
`,
  );
  host.write("/server-restarts", "", 0o666);
  symlinkSync("releases/tracks/0123456789ab", host.at("/microarray/tracks"));
  mkdirSync(host.at("/microarray/shared/tracks"), { recursive: true });
  mkdirSync(host.at("/home/daemon/venv/bin"), { recursive: true });
  const python = execaSync("sh", ["-c", "command -v python3"]).stdout;
  symlinkSync(python, host.at("/home/daemon/venv/bin/python"));
  // The files that a deployment leaves.
  host.write(
    "/var/lib/tracks/resources/tracks.dev/app-1a2b3c/manifest",
    [
      "subsystem application",
      `application ${release} owner=daemon current=/microarray/tracks shared=/microarray/shared/tracks settings=tracks/local.py`,
      "symlink /microarray/tracks -> releases/tracks/0123456789ab",
      "symlink /home/daemon/venv -> @@VIRTUALENV@@",
      "",
    ].join("\n"),
  );
  execaSync("chmod", ["-R", "go-rwx", host.at("/var/lib/tracks")]);
});
afterEach(() => {
  host.remove();
});

const withPassword = (password: string, ...others: string[]): string =>
  manifest(
    "app-settings",
    "settings",
    `file ${settings} owner=daemon group=daemon mode=0400 secret=yes`,
    `| DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "PASSWORD": "${password}",`,
    `|   "OPTIONS": {"sslrootcert": "${host.at(ca)}"}}}`,
    ...others,
  );
/** An entry that fails once everything is swapped. */
const failing = "service nosuch";

test("settings that the database refuses never replace those that it accepts", async () => {
  serverTakes("one");
  expect((await host.apply(withPassword("one"))).code).toBe(0);
  const run = await host.apply(withPassword("mistaken"));
  expect(run.code).toBe(1);
  expect(run.reason).toBe(
    "the application can't log in to the database with the new settings, so the former ones stay: FATAL: password authentication failed ([secret])",
  );
  expect(run.stdout + run.stderr).not.toContain("mistaken");
  expect(host.read(settings)).toContain('"one"');
});

test("a run that fails after the password was changed keeps the one that the database accepts", async () => {
  serverTakes("one");
  await host.apply(withPassword("one"));
  serverTakes("two");
  const run = await host.apply(withPassword("two", failing));
  expect(run.code).toBe(1);
  expect(run.stderr).toContain(
    `${settings} stays as this run has written it: the database accepts its password, and refuses the former one`,
  );
  expect(host.read(settings)).toContain('"two"');
  expect(host.ownership(settings)).toBe("daemon daemon 400");
  expect(host.exists("/var/lib/tracks/journal/settings")).toBe(false);
  // The former password is not valid any more, and is in no file.
  expect(readdirSync(host.at("/var/lib/tracks/kept"))).toEqual([]);
  expect((await host.apply(withPassword("two"))).code).toBe(0);
  expect(host.read(settings)).toContain('"two"');
});

test("a run of another stack that undoes a killed one keeps the settings that the database accepts", async () => {
  serverTakes("one");
  await host.apply(withPassword("one"));
  serverTakes("two");
  const kill = `case "$*" in *" local.py") kill -KILL "$(cat "$TRACKS_ROOT/script-pid")" ;; esac`;
  host.write("/counted/mv", `#!/bin/sh\n/bin/mv "$@" || exit\n${kill}\n`, 0o755);
  expect((await host.apply(withPassword("two"))).code).toBeUndefined();
  rmSync(host.at("/counted/mv"));

  host.installScript("tracks.production");
  mkdirSync(host.at("/srv"));
  const other = "file /srv/local.py owner=daemon group=daemon mode=0400 secret=yes";
  const run = await host.apply(manifest("app-settings", "settings", other), {
    scope: "tracks.production",
  });
  expect(run.code).toBe(0);
  expect(run.stdout).toContain("undid the interrupted run of tracks.dev/app-settings");
  expect(run.stderr).toContain(`${settings} stays as this run has written it`);
  expect(host.read(settings)).toContain('"two"');
});

test("a run that fails with an unchanged password restores the former settings", async () => {
  serverTakes("one");
  await host.apply(withPassword("one"));
  const run = await host.apply(withPassword("one", "| # another line", failing));
  expect(run.code).toBe(1);
  expect(host.read(settings)).not.toContain("another line");
  expect(run.stderr).not.toContain("stays as this run has written it");
});

test("new settings are tried with the authority's certificate that comes with them", async () => {
  serverTakes("one", "AUTHORITY");
  const entry = `file ${ca} owner=daemon group=daemon mode=0444`;
  const refused = await host.apply(withPassword("one", entry, "| ANOTHER", "| AUTHORITY"));
  expect(refused.reason).toContain("certificate verify failed");
  expect(host.exists(ca)).toBe(false);
  expect((await host.apply(withPassword("one", entry, "| AUTHORITY"))).code).toBe(0);
});

test("settings are not tried where the virtualenv in use lacks the driver: the deployment brings one", async () => {
  host.write(`${release}/django/db/__init__.py`, "class connection:\n    pass\n");
  serverTakes("one");
  expect((await host.apply(withPassword("unknown"))).code).toBe(0);
});

test("the first settings are not tried, since no application is deployed that could", async () => {
  execaSync("rm", ["-r", host.at("/var/lib/tracks/resources/tracks.dev/app-1a2b3c")]);
  serverTakes("one");
  expect((await host.apply(withPassword("unknown"))).code).toBe(0);
});

test("a password and certificates that changed together stay together when the run fails", async () => {
  const entry = `file ${ca} owner=daemon group=daemon mode=0444`;
  serverTakes("one", "AUTHORITY");
  expect((await host.apply(withPassword("one", entry, "| AUTHORITY"))).code).toBe(0);
  serverTakes("two", "SUCCESSOR");
  const run = await host.apply(withPassword("two", entry, "| SUCCESSOR", failing));
  expect(run.code).toBe(1);
  expect(run.stderr).toContain(`${settings} stays as this run has written it`);
  expect(run.stderr).not.toContain("were undone");
  expect(host.read(settings)).toContain('"two"');
  expect(host.read(ca)).toBe("SUCCESSOR\n");
  expect(readdirSync(host.at("/var/lib/tracks/kept"))).toEqual([]);
  expect((await host.apply(withPassword("two", entry, "| SUCCESSOR"))).code).toBe(0);
});

test("tries again when the database is unreachable for a moment", async () => {
  serverTakes("one");
  await host.apply(withPassword("one"));
  host.write("/server-restarts", "two attempts\n", 0o666);
  serverTakes("two");
  const run = await host.apply(withPassword("two"), {
    environment: { TRACKS_DATABASE_WAIT: "30" },
  });
  expect(run.stderr).toBe("");
  expect(run.code).toBe(0);
  expect(host.read(settings)).toContain('"two"');
});

test("keeps the new password when the database stays unreachable, since the former one is not valid any more", async () => {
  serverTakes("one");
  await host.apply(withPassword("one"));
  host.write("/server-restarts", `${"for long ".repeat(20)}\n`, 0o666);
  serverTakes("two");
  const run = await host.apply(withPassword("two"));
  expect(run.code).toBe(1);
  expect(run.reason).toBe(
    "the application can log in to the database neither with the new settings, which are in place, nor with the former ones. Check the database, then run this again: FATAL: the database system is starting up",
  );
  expect(host.read(settings)).toContain('"two"');
  host.write("/server-restarts", "", 0o666);
  expect((await host.apply(withPassword("two"))).code).toBe(0);
  expect(host.read(settings)).toContain('"two"');
});

test("does not reload uWSGI for a database without tables, whatever its driver warns about", async () => {
  serverTakes("one");
  await host.apply(withPassword("one"));
  const ini = "/etc/uwsgi/tracks.ini";
  const wait = ["-e", "setTimeout(() => undefined, 60_000)", "--", "--ini", ini, "end"];
  const master = execa(process.execPath, wait, {
    argv0: "/usr/bin/uwsgi",
    stdio: "ignore",
    reject: false,
  });
  try {
    host.write(ini, "pidfile = /run/uwsgi.pid\n");
    host.write("/run/uwsgi.pid", `${String(master.pid)}\n`);
    host.write(
      "/etc/systemd/system/uwsgi.service",
      `# Written by Pulumi (tracks.dev).\nExecStart=/usr/bin/env -i uwsgi --ini ${ini}\n`,
    );
    serverTakes("two", "", "");
    const run = await host.apply(withPassword("two"));
    expect(run.stderr).toBe("");
    expect(run.stdout).toContain("the database has no tables yet");
    expect(host.read(settings)).toContain('"two"');
  } finally {
    master.kill();
  }
});

const secretKey = "/microarray/shared/tracks/secret_key";
const withKey = manifest("app-settings", "settings", `secret-key ${secretKey} owner=daemon`);

/** Whether the disk has been waited for when the key gets its name. */
function watchDisk(): void {
  host.write(
    "/counted/dd",
    `#!/bin/sh\ncase "$*" in *fsync*) : >>${host.at("/on-disk")} ;; esac\nexec /bin/dd "$@"\n`,
    0o755,
  );
  host.write(
    "/counted/ln",
    `#!/bin/sh\n[ -e ${host.at("/on-disk")} ] || : >>${host.at("/too-early")}\nexec /bin/ln "$@"\n`,
    0o755,
  );
}

test("the secret key is on the disk before it gets its name, and never changes", async () => {
  mkdirSync(host.at("/microarray/shared/tracks"), { recursive: true });
  watchDisk();
  const run = await host.apply(withKey);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout).toContain(`generated the secret key ${secretKey}\n`);
  const key = host.read(secretKey);
  expect(key).toMatch(/^[A-Za-z0-9+/]{64}$/);
  expect(host.exists("/on-disk")).toBe(true);
  expect(host.exists("/too-early")).toBe(false);
  expect((await host.apply(withKey)).stdout).toBe("applied app-settings: unchanged\n");
  expect(host.read(secretKey)).toBe(key);
});

test("an empty secret key is drift, and replaced; an empty link is not ours, and reported", async () => {
  mkdirSync(host.at("/microarray/shared/tracks"), { recursive: true });
  expect((await host.apply(withKey)).code).toBe(0);
  host.write(secretKey, "");
  expect((await host.run(["probe"])).stdout).toMatch(
    /^drift app-settings\tsecret-key .*\tis "absent"/,
  );
  const repaired = await host.apply(withKey, { repair: 1 });
  expect(repaired).toMatchObject({ code: 0, stderr: "" });
  expect(repaired.stdout).toContain(`replaced the empty secret key ${secretKey}\n`);
  expect(host.read(secretKey)).toHaveLength(64);

  rmSync(host.at(secretKey));
  host.write("/elsewhere", "");
  symlinkSync(host.at("/elsewhere"), host.at(secretKey));
  expect((await host.apply(withKey)).reason).toMatch(
    /can't generate .*secret_key: ln: .*File exists/,
  );
});

test("does not use a secret key that was not written completely", async () => {
  mkdirSync(host.at("/microarray/shared/tracks"), { recursive: true });
  host.write("/counted/base64", "#!/bin/sh\nexit 1\n", 0o755);
  expect((await host.apply(withKey)).reason).toContain("it was not written completely");
  expect(host.exists(secretKey)).toBe(false);
});
