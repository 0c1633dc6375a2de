import { chmodSync, symlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { execaSync } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DeployRoot } from "./deployRoot";
import { holdLock } from "./heldLock";

let site: DeployRoot;
beforeEach(async () => {
  site = await DeployRoot.create();
  site.addRelease("first");
  expect(await site.host.apply(site.deployment("first", {}))).toMatchObject({ stderr: "" });
  expect(await site.host.apply(site.service())).toMatchObject({ stderr: "" });
  site.host.startNginx();
  site.loads();
  site.host.calls();
});
afterEach(() => {
  site.remove();
});

const operate = (...words: string[]) => site.host.run(["operate", ...words]);
/** Commands that the service manager got, in their order. */
const told = () =>
  site.host
    .calls()
    .map((call) => /^systemctl (start|stop|restart|reload) (\w+)\.service$/.exec(call))
    .filter((call) => call !== null)
    .map(([, verb, name]) => `${verb} ${name}`);
const audited = () => {
  const lines = site.host.read("/var/lib/tracks/audit.log").trimEnd().split("\n");
  return lines
    .map((line) => / tracks\.dev\/services operated (.*)$/.exec(line)?.[1])
    .filter((text) => text !== undefined);
};

test("stops uwsgi, then nginx, and starts both in that order on a restart", async () => {
  const run = await operate("restart", "nginx", "uwsgi");
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout).toMatch(
    /^stopped uwsgi \nstopped nginx \nstarted uwsgi master \d+, workers( \d+)+\nstarted nginx master \d+, workers( \d+)+\n$/,
  );
  expect(told()).toEqual(["stop uwsgi", "stop nginx", "start uwsgi", "start nginx"]);
  expect(audited()).toEqual([
    "stopped uwsgi",
    "stopped nginx",
    expect.stringMatching(/^started uwsgi \(master /),
    expect.stringMatching(/^started nginx \(master /),
  ]);
  expect(await site.servedRelease()).toBe("first");
});

test("restarts uwsgi alone in one step, so that its socket stays open", async () => {
  const run = await operate("restart", "uwsgi");
  expect(run.stdout).toMatch(/^restarted uwsgi master \d+, workers/);
  expect(told()).toEqual(["restart uwsgi"]);
});

test("proves a reload by new workers of the same master", async () => {
  const run = await operate("reload", "uwsgi", "nginx");
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout).toMatch(/^reloaded uwsgi master .*\nreloaded nginx master .*\n$/);
  expect(told()).toEqual(["reload uwsgi", "reload nginx"]);
});

test("says that a service is in the wanted state already, and leaves it alone", async () => {
  expect((await operate("start", "nginx")).stdout).toBe("unchanged nginx running\n");
  expect((await operate("stop", "nginx")).stdout).toBe("stopped nginx \n");
  expect((await operate("stop", "nginx")).stdout).toBe("unchanged nginx stopped\n");
  expect(told()).toEqual(["stop nginx"]);
  expect((await operate("reload", "nginx")).reason).toBe(
    "nginx does not run, so it can't reload: start it",
  );
});

test("stops nothing when nginx refuses its configuration", async () => {
  site.host.write("/etc/nginx/conf.d/broken.conf", "broken_directive;\n");
  const run = await operate("restart", "uwsgi", "nginx");
  expect(run.code).toBe(1);
  expect(run.stderr).toContain("nginx refuses its configuration, nothing was touched");
  expect(told()).toEqual([]);
});

test("starts nginx even if uwsgi does not start, and reports uwsgi's reason", async () => {
  site.host.write("/microarray/releases/tracks/first/fault", "load");
  const run = await operate("restart", "uwsgi", "nginx");
  expect(run.code).toBe(1);
  expect(run.stdout).toMatch(/^stopped uwsgi \nstopped nginx \nstarted nginx /);
  expect(run.stderr).toContain("uwsgi did not start: ");
  expect(audited()).toContain("stopped uwsgi");
});

test("reports a service of somebody else that does not start as a failure alone", async () => {
  site.host.write("/etc/systemd/system/uwsgi.service", "# by hand\nExecStart=/bin/false\n");
  site.host.command("systemctl", "daemon-reload");
  const run = await operate("restart", "uwsgi");
  expect(run).toMatchObject({ code: 1, stdout: "" });
  expect(run.stderr).toContain("the service uwsgi did not restart: ");
  expect(audited()).toEqual([]);
});

test("does not start uwsgi while settings wait for their deployment", async () => {
  site.host.write("/var/lib/tracks/resources/tracks.dev/settings/waits-for-deployment", "");
  const run = await operate("restart", "uwsgi");
  expect(run.code).toBe(1);
  expect(run.stderr).toContain("local.py names the new, empty database already");
  expect(run.reason).toBe("uwsgi must not load its settings now, nothing was touched");
  expect(told()).toEqual([]);
  expect((await operate("stop", "uwsgi")).stdout).toBe("stopped uwsgi \n");
});

test("says at once for whom it waits, and gives up at the limit with nothing done", async () => {
  const lock = await holdLock(site.host, "uwsgi");
  const by = "pid 4711 (apply tracks.dev/app, since 2026-01-01T00:00:00Z)";
  site.host.write("/run/tracks/lock.uwsgi.holder", `${by}\n`);
  const run = await operate("restart", "uwsgi");
  lock.release();
  expect(run).toMatchObject({ code: 1, stdout: "" });
  expect(run.stderr).toMatch(/^waiting: uwsgi is locked by pid 4711 \(apply tracks\.dev\/app, /);
  expect(run.reason.replace(/waited \d+ s/, "waited")).toBe(
    `uwsgi is locked by ${by}; waited for it. Run this again when that run has ended, or end it with kill: the next run undoes what it left`,
  );
  expect(told()).toEqual([]);
});

test("does nothing any more when its caller has gone while it waited", async () => {
  const patient = { environment: { TRACKS_LOCK_WAIT: "30" } };
  for (const [descriptor3, code, commands] of [
    ["ended", 1, []],
    ["open", 0, ["restart uwsgi"]],
  ] as const) {
    const lock = await holdLock(site.host, "uwsgi");
    const waiting = site.host.run(["operate", "restart", "uwsgi"], { descriptor3, ...patient });
    await sleep(500);
    lock.release();
    expect((await waiting).code, descriptor3).toBe(code);
    expect(told()).toEqual(commands);
  }
});

test("names the run that has a lock in the status, and none for another status", async () => {
  const changing = async () =>
    (await site.host.run(["status"])).stdout.match(/^fact changing\/.*$/gm) ?? [];
  const lock = await holdLock(site.host, "nginx");
  site.host.write("/run/tracks/lock.nginx.holder", "pid 4711 (apply tracks.dev/nginx)\n");
  expect(await changing()).toEqual(["fact changing/nginx pid 4711 (apply tracks.dev/nginx)"]);
  lock.release();
  // As another status has it while it asks.
  const asking = await holdLock(site.host, "nginx", { shared: true });
  expect(await changing()).toEqual([]);
  asking.release();
});

test.each([
  [["operate", "kill", "uwsgi"], /^operate "kill": must be start, stop, restart or reload/],
  [["operate", "stop"], /^operate stop: must be followed by uwsgi, nginx or both$/],
  [["operate", "stop", "sshd"], /^operate stop "sshd": must be uwsgi or nginx$/],
  [["status", "paths=/"], /^status accepts site=HOST,PORT,PATH/],
])("refuses %j", async (words, reason) => {
  expect((await site.host.run(words)).reason).toMatch(reason);
});

test("prints services, processes, release, workers, disk and drift as the status", async () => {
  const run = await site.host.run(["status", "current=/microarray/tracks", "path=/var/log"]);
  expect(run.code).toBe(0);
  expect(run.stdout).toMatch(/^fact service\/uwsgi enabled running$/m);
  expect(run.stdout).toMatch(/^fact process\/uwsgi \d+ \d+ \d+$/m);
  expect(run.stdout).toMatch(/^fact process\/nginx \d+ \d+ \d+$/m);
  expect(run.stdout).toMatch(/^fact release first \d{10}$/m);
  expect(run.stdout).toMatch(/^fact disk\/\S+ \d+ \d+$/m);
  expect(run.stdout).toMatch(/^ok uwsgi$/m);
  await operate("stop", "uwsgi");
  const stopped = await site.host.run(["status", "site=tracks.test,1,/"]);
  expect(stopped.stdout).toMatch(/^fact service\/uwsgi enabled stopped$/m);
  expect(stopped.stdout).not.toContain("process/uwsgi");
  expect(stopped.stdout).toMatch(/^fact site silent release=none$/m);
  expect(stopped.stdout).toMatch(/^drift uwsgi\tservice uwsgi\tis "enabled stopped"/m);
});

test("follows logs with their files' names, earlier lines first, and pid files with their content", async () => {
  site.host.write("/var/log/nginx/error.log", "one\ntwo\nthree\n");
  site.host.write("/var/log/nginx/access.log", "GET /a|b&c\\d\n");
  const words = ["lines=2", "pid=nginx", "file=/var/log/nginx/*.log", "file=/var/log/none/*.log"];
  const run = await site.host.run(["follow", "live=no", ...words]);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout.split("\n")).toEqual([
    expect.stringMatching(/^zone\t[+-]\d{4}$/),
    `pid\tnginx ${site.host.masterPid()}`,
    "/var/log/nginx/access.log\tGET /a|b&c\\d",
    "/var/log/nginx/error.log\ttwo",
    "/var/log/nginx/error.log\tthree",
    "live\t",
    "",
  ]);
});

test("reads a log in another user's directory as that user, and so no file of root", async () => {
  site.switchUsers();
  site.host.write("/secret", "root's alone\n", 0o600);
  site.host.write("/srv/logs/good.log", "theirs\n");
  symlinkSync(site.host.at("/secret"), site.host.at("/srv/logs/planted.log"));
  execaSync("chown", ["-Rh", "daemon", site.host.at("/srv/logs")]);
  const run = await site.host.run(["follow", "live=no", "lines=5", "file=/srv/logs/*.log"]);
  expect(run.stdout).toContain("/srv/logs/good.log\ttheirs\n");
  expect(run.stdout).not.toContain("root's alone");
  chmodSync(site.host.at("/srv/logs"), 0o777);
  execaSync("chown", ["root", site.host.at("/srv/logs")]);
  const open = await site.host.run(["follow", "live=no", "lines=5", "file=/srv/logs/*.log"]);
  expect(open.stdout).toContain(
    "note\t/srv/logs/*.log is not read, since a group or every user can write to its directory\n",
  );
  expect(open.stdout).not.toContain("theirs");
});

describe("backup", () => {
  const place = ["current=/microarray/tracks", "virtualenv=/home/daemon/venvs/0123456789ab"];
  const words = [...place, "backups=/microarray/backups/tracks", "production=no", "label=loaddata"];
  const backUp = () => site.host.run(["backup", "user=daemon", ...words]);
  const release = "/microarray/releases/tracks/first";

  test("backs up the database as the application's user", async () => {
    const run = await backUp();
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout).toMatch(/^backup \/\S+\/backups\/tracks\/\S+-loaddata\.sqlite3\n$/);
    const refused = await site.host.run(["backup", "user=daemon"]);
    expect(refused.reason).toBe(
      "backup needs user, current, virtualenv, backups, production, label",
    );
  });

  test("says where the backup is, whatever the application prints around that", async () => {
    const file = `${release}/manage.py`;
    const noise = "import atexit\nprint('none of that')\natexit.register(print, 'good bye')\n";
    site.host.write(file, noise + site.host.read(file));
    const run = await backUp();
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout).toMatch(/^backup \/\S+-loaddata\.sqlite3\n$/);
  });

  test.each([
    [
      "of a kind that can't be backed up",
      "mysql",
      /^can't back up the database: .* is mysql: only/,
    ],
    ["that does not exist", "sqlite", /^can't back up the database: .* does not exist: manage\.py/],
  ])("fails for a database %s", async (_, vendor, reason) => {
    const settings = 'settings_dict = {"NAME": "/no/such/database"}';
    site.host.write(
      `${release}/django/db/__init__.py`,
      `class connection:\n    vendor = "${vendor}"\n    ${settings}\n`,
    );
    const run = await backUp();
    expect(run).toMatchObject({ code: 1, stdout: "" });
    expect(run.reason).toMatch(reason);
    expect(site.backups()).toEqual([]);
  });
});
