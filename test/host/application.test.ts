import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { unlinkSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { DeployRoot, type ServiceOptions } from "./deployRoot";

let site: DeployRoot;
beforeEach(async () => {
  site = await DeployRoot.create();
});
afterEach(() => {
  site.remove();
});

const winter: ServiceOptions = { environment: { SEASON: "winter" } };

/** A site whose first release is served, its files handed to the deployment. */
async function served(service = winter): Promise<void> {
  site.addRelease("first");
  const deployed = await site.host.apply(site.deployment("first", service));
  expect(deployed.stderr).toBe("");
  const started = await site.host.apply(site.service());
  expect(started.stderr).toBe("");
  site.loads();
  site.managed();
  site.host.calls();
}

/** Stand-in for nginx that gives one answer to every request. */
async function nginxAnswers(head: string): Promise<{ port: number; close: () => void }> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.end(`HTTP/1.1 ${head}\r\nServer: nginx\r\n\r\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { port, close: () => server.close() };
}

test("after a power cut the release that recover has restored answers, though uWSGI has started with the new one", async () => {
  await served();
  site.addRelease("second");
  const kill = `case "$*" in *" tracks") kill -KILL "$(cat "$TRACKS_ROOT/script-pid")" ;; esac`;
  site.host.write("/counted/mv", `#!/bin/sh\n/bin/mv "$@" || exit\n${kill}\n`, 0o755);
  expect((await site.host.apply(site.deployment("second", winter))).code).toBeUndefined();
  unlinkSync(site.host.at("/counted/mv"));
  site.host.write("/var/lib/tracks/journal/application/boot", "an earlier one\n");
  site.stop();
  site.host.command("systemctl", "start", "uwsgi.service");
  expect(await site.servedRelease()).toBe("second");

  expect(await site.host.run(["recover"])).toMatchObject({ code: 0, stderr: "" });
  expect(await site.servedRelease()).toBe("first");
});

describe("the proof of a release through nginx", () => {
  const throughPort = (release: string, port: number): string =>
    site.deployment(release, winter).replace(" port=1 ", ` port=${port} `);

  test.each([
    ["401 Unauthorized\r\nWWW-Authenticate: Basic", "401"],
    ["403 Forbidden", "403"],
    [
      "301 Moved Permanently\r\nLocation: https://tracks.test/",
      "301, a redirect to https://tracks.test/",
    ],
  ])("relies on uWSGI where nginx itself answers: %s", async (head, status) => {
    await served();
    const nginx = await nginxAnswers(head);
    site.addRelease("second");
    const run = await site.host.apply(throughPort("second", nginx.port));
    nginx.close();
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout).toContain(
      `note: nginx itself answers / with status ${status}, before the application is asked: the new release was checked through uWSGI only\n`,
    );
    expect(await site.servedRelease()).toBe("second");
  });

  test.each([
    [
      "200 OK",
      "(status 200, no release named): check whether another server of nginx has that name, or NginxSite.snippet has that path",
    ],
    ["301 Moved\r\nLocation: /login/", "(status 301, no release named)"],
    [
      "200 OK\r\nX-Tracks-Release: first",
      "does not show the new release (status 200, release first)",
    ],
    ["502 Bad Gateway", "does not show the new release (status 502, release none)"],
  ])("fails where it is another release, or another program: %s", async (head, reason) => {
    await served();
    const nginx = await nginxAnswers(head);
    site.addRelease("second");
    const run = await site.host.apply(throughPort("second", nginx.port));
    nginx.close();
    expect(run.code).toBe(1);
    expect(run.stderr).toContain(reason);
    expect(await site.servedRelease()).toBe("first");
  });
});

describe("a release and its service's options", () => {
  test("are one deployment: tested, swapped and reloaded together", async () => {
    await served();
    site.addRelease("second");
    const run = await site.host.apply(
      site.deployment("second", { environment: { SEASON: "spring" }, processes: 3 }),
    );
    expect(run.stderr).toBe("");
    expect(run.stdout).toContain("reloaded uWSGI: options changed\n");
    expect(site.managed()).toEqual(["check spring", "collectstatic spring"]);
    const [trial, service, ...more] = site.loads();
    expect(more).toEqual([]);
    expect(trial).toMatchObject({ trial: true, release: "second" });
    expect(service).toMatchObject({
      trial: false,
      release: "second",
      environment: { SEASON: "spring" },
    });
    expect(site.backups()).toEqual([]);
  });

  test("are tested as the service will have them, on a separate socket", async () => {
    await served();
    site.addRelease("second");
    await site.host.apply(
      site.deployment("second", {
        environment: { SEASON: "spring" },
        more: [
          "cron = 1 2 3 4 5 true",
          "threads = 2",
          "static-map = /a=/microarray/tracks-old",
          "spooler = /microarray/spool",
          "spooler-frequency = 5",
          "mule = /microarray/mule.py",
          "mules = 2",
          "farm = first:1,2",
          "subscribe-to = 127.0.0.1:9:tracks",
          "emperor = /etc/vassals",
          "legion = mylegion 225.1.1.1:4242 98 bf-cbc:hello",
        ],
      }),
    );
    const [trial] = site.loads();
    const { PATH, SEASON, ...others } = trial?.environment ?? {};
    expect([PATH, SEASON]).toEqual(["/usr/sbin:/usr/bin:/sbin:/bin", "spring"]);
    expect(others).not.toHaveProperty("HOME");
    expect(trial?.options).toMatchObject({
      processes: ["1"],
      threads: ["2"],
      "buffer-size": ["32768"],
      pythonpath: [site.host.at("/microarray/releases/tracks/second/lib")],
      home: [site.host.at("/home/daemon/venvs/0123456789ab")],
      "static-map": ["/a=/microarray/tracks-old"],
    });
    expect(Object.keys(trial?.options ?? {}).sort()).toEqual([
      "buffer-size",
      "chdir",
      "die-on-term",
      "disable-logging",
      "env",
      "home",
      "http-socket",
      "master",
      "processes",
      "pythonpath",
      "static-map",
      "threads",
      "wsgi-file",
    ]);
  });

  test.each([
    [
      "uWSGI refuses",
      { ...winter, more: ["max-request = 5"] },
      undefined,
      /uWSGI does not start with its options: .*unknown config directive: max-request/,
    ],
    [
      "don't load",
      { environment: { SEASON: "spring" } },
      "load",
      /the application does not load: RuntimeError: out of order/,
    ],
    [
      "answer with an error",
      { environment: { SEASON: "spring" } },
      "answer",
      /answers with status 500/,
    ],
    [
      "name a user that is not there",
      { ...winter, user: "painter" },
      undefined,
      /can.t run as painter: there is no such user/,
    ],
  ] as const)("that %s change nothing, again and again", async (_, service, fault, reason) => {
    await served();
    const before = site.live();
    site.addRelease("second", fault === undefined ? {} : { fault });
    for (const attempt of ["first", "second"]) {
      const run = await site.host.apply(site.deployment("second", service));
      expect(run.code, attempt).toBe(1);
      expect(run.reason, attempt).toMatch(reason);
      expect(site.live(), attempt).toEqual(before);
      expect(
        site.loads().filter(({ trial }) => !trial),
        attempt,
      ).toEqual([]);
    }
  });
});

describe("what the log of uWSGI says", () => {
  test("fails a deployment when uWSGI itself found no application", async () => {
    await served();
    site.addRelease("second", { fault: "no-application" });
    const run = await site.host.apply(site.deployment("second", winter));
    expect(run.reason).toMatch(/^uWSGI does not run with the change: /);
    expect(run.stderr).toContain("no python application found");
  });

  test("is ignored in a visitor's URI", async () => {
    await served();
    site.addRelease("second", { fault: "visitor" });
    const run = await site.host.apply(site.deployment("second", winter));
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(await site.servedRelease()).toBe("second");
  });
});

describe("a slow application", () => {
  const patient = { ...winter, more: ["worker-reload-mercy = 1"] };

  test.each(["slow-load", "busy"])(
    "is waited for as long as it uses the processor: %s",
    async (fault) => {
      await served();
      site.addRelease("second", { fault });
      const run = await site.host.apply(site.deployment("second", patient));
      expect(run).toMatchObject({ code: 0, stderr: "" });
      expect(await site.servedRelease()).toBe("second");
    },
  );

  test("is not waited for when it does nothing", async () => {
    await served();
    const before = site.live();
    site.addRelease("second", { fault: "idle" });
    const run = await site.host.apply(site.deployment("second", patient));
    expect(run.reason).toMatch(
      /^uWSGI does not run with the change: no answer on \S+ within \d+ s/,
    );
    expect(site.live()).toEqual(before);
  });
});

describe("when the service does not run with the release", () => {
  test("links, options and unit are restored together, and uWSGI is restarted with them", async () => {
    await served();
    const before = site.live();
    site.addRelease("second", { fault: "service" });
    const run = await site.host.apply(
      site.deployment("second", {
        environment: { SEASON: "spring", NEWS: "yes" },
        pidFile: "/run/other.pid",
        description: "changed",
      }),
    );
    expect(run.reason).toMatch(
      /uWSGI does not run with the change: .*\(this run's changes were undone\)$/,
    );
    expect(site.live()).toEqual(before);
    const after = site.loads().at(-1);
    expect(after).toMatchObject({
      trial: false,
      release: "first",
      environment: { SEASON: "winter" },
    });
    expect(after?.environment).not.toHaveProperty("NEWS");
    const told = site.host.calls().filter((call) => /^systemctl (re|daemon)/.test(call));
    expect(told).toEqual([
      "systemctl daemon-reload",
      "systemctl reset-failed uwsgi.service",
      "systemctl restart uwsgi.service",
      "systemctl daemon-reload",
      "systemctl reset-failed uwsgi.service",
      "systemctl restart uwsgi.service",
    ]);
  });

  test("a variable that came with it is unset again, although a reload had set it", async () => {
    await served();
    site.addRelease("second", { fault: "service-answer" });
    const run = await site.host.apply(
      site.deployment("second", { environment: { SEASON: "winter", NEWS: "yes" } }),
    );
    expect(run.reason).toMatch(/uWSGI does not run with the change: .*500/);
    const loads = site.loads().filter(({ trial }) => !trial);
    expect(loads.map(({ release, environment }) => [release, environment["NEWS"]])).toEqual([
      ["second", "yes"],
      ["first", undefined],
    ]);
  });

  test.each(["restart", "daemon-reload"])(
    "and the deployment is killed during the %s, the next run undoes it first",
    async (verb) => {
      await served();
      const before = site.live();
      const spring = { environment: { SEASON: "spring" }, description: "changed" };
      site.addRelease("second");
      await site.host.apply(site.deployment("second", spring));
      const calls = site.host.calls();
      const place = calls.findIndex((call) => call.startsWith(`systemctl ${verb}`)) + 1;
      await site.host.apply(site.deployment("first", winter));
      expect(site.live()).toEqual(before);
      site.host.killAt(place);
      expect((await site.host.apply(site.deployment("second", spring))).code).not.toBe(0);
      expect(site.live()).not.toEqual(before);
      site.loads();
      const recovered = await site.host.run(["recover"]);
      expect(recovered).toMatchObject({ code: 0, stderr: "" });
      expect(recovered.stdout).toContain("undid the interrupted run of tracks.dev/app");
      expect(site.live()).toEqual(before);
      const loads = site.loads();
      if (verb === "restart") {
        expect(loads).toMatchObject([{ release: "first", environment: { SEASON: "winter" } }]);
      } else {
        expect(loads).toEqual([]);
      }
    },
  );
});

describe("a running service whose master can't be found", () => {
  const ini = "/etc/uwsgi/tracks.ini";
  const unit = "/etc/systemd/system/uwsgi.service";
  const edit = (file: string, change: (text: string) => string) => {
    site.host.write(file, change(site.host.read(file)));
  };
  const faults: [string, string, () => void][] = [
    [
      "its pid file is gone",
      "restart",
      () => {
        unlinkSync(site.host.at("/run/uwsgi.pid"));
      },
    ],
    [
      "its unit starts it another way",
      "restart",
      () => {
        edit(unit, (text) => text.replace("--ini ", "--py-autoreload 1 --ini="));
      },
    ],
    [
      "its unit has another first line",
      "restart",
      () => {
        edit(unit, (text) => text.replace("Written by Pulumi", "Mine"));
      },
    ],
    [
      "its unit is gone",
      "restart",
      () => {
        unlinkSync(site.host.at(unit));
      },
    ],
    [
      "its options are gone",
      "start",
      () => {
        unlinkSync(site.host.at(ini));
      },
    ],
  ];

  test.each(faults)("when %s: gets the release with a %s", async (_, verb, disturb) => {
    await served();
    disturb();
    site.addRelease("second");
    site.host.calls();
    const run = await site.host.apply(site.deployment("second", winter));
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout).toMatch(/^restarted uWSGI: .*its master$/m);
    expect(site.loads().at(-1)).toMatchObject({ trial: false, release: "second" });
    expect(site.host.calls()).toContain(`systemctl ${verb} uwsgi.service`);
    expect(await site.servedRelease()).toBe("second");
    site.loads();
    const again = await site.host.apply(site.deployment("second", winter));
    expect(again.stdout).toBe("applied app: unchanged\n");
    expect(site.loads()).toEqual([]);
  });

  test("is found, although its unit has further options", async () => {
    await served();
    edit(unit, (text) => text.replace("tracks.ini", "tracks.ini --py-autoreload 1"));
    site.addRelease("second");
    const run = await site.host.apply(site.deployment("second", winter));
    expect(run.stdout).toContain("restarted uWSGI: its unit changed\n");
    expect(await site.servedRelease()).toBe("second");
  });

  test("runs the former release again, when it does not run with the new one", async () => {
    await served();
    unlinkSync(site.host.at("/run/uwsgi.pid"));
    site.addRelease("second", { fault: "service-answer" });
    const run = await site.host.apply(site.deployment("second", winter));
    expect(run.reason).toMatch(/\(this run's changes were undone\)$/);
    expect(await site.servedRelease()).toBe("first");
  });

  test("gets new settings with a restart", async () => {
    await served();
    expect((await site.host.apply(site.settings("one"))).stderr).toBe("");
    site.loads();
    unlinkSync(site.host.at("/run/uwsgi.pid"));
    const run = await site.host.apply(site.settings("two"));
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout).toMatch(/^restarted uWSGI: /m);
    expect(site.loads()).toMatchObject([{ trial: false, release: "first" }]);
  });

  test("is not restarted for new settings, when it could not start as it is", async () => {
    await served();
    unlinkSync(site.host.at(ini));
    const run = await site.host.apply(site.settings("two"));
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout).toContain(
      "uwsgi loads the settings once the next pulumi up has restored them\n",
    );
    expect(site.loads()).toEqual([]);
    await site.host.apply(site.deployment("first", winter));
    expect(site.loads().at(-1)).toMatchObject({ trial: false, release: "first" });
  });

  test("is not started by a deployment, with a note, when somebody has stopped it", async () => {
    await served();
    site.stop();
    site.addRelease("second");
    const run = await site.host.apply(site.deployment("second", winter));
    expect(run.code).toBe(0);
    expect(run.stdout).toContain("note: uwsgi does not run: the new release was tested");
    expect(site.loads()).toMatchObject([{ trial: true }]);
  });
});

describe("settings that name an empty database", () => {
  const hint = /local\.py names the new, empty database already.*don't restart uwsgi/;

  test("take effect with the deployment, and each one that fails says so", async () => {
    await served();
    const moved = await site.host.apply(site.settings("postgresql"));
    expect(moved.stdout).toContain("note: the database has no tables yet");
    expect(site.loads()).toEqual([]);
    site.addRelease("second", { fault: "answer" });
    for (const attempt of ["first", "second"]) {
      const failed = await site.host.apply(site.deployment("second", winter));
      expect(failed.stderr, attempt).toMatch(hint);
    }
    site.addRelease("third");
    const run = await site.host.apply(site.deployment("third", winter));
    expect(run).toMatchObject({ code: 0, stderr: "" });
    const failed = await site.host.apply(site.deployment("second", winter));
    expect(failed.code).toBe(1);
    expect(failed.stderr).not.toMatch(hint);
  });

  test.each([
    ["is not there yet", undefined],
    ["has no tables", ""],
  ])("wait for the deployment also where the sqlite file %s", async (_, content) => {
    await served();
    const file = "/microarray/shared/tracks/other.sqlite3";
    if (content !== undefined) site.host.write(file, content, 0o644);
    const moved = await site.host.apply(site.settings("sqlite3", site.host.at(file)));
    expect(moved.stdout).toContain("note: the database has no tables yet");
    expect(site.loads()).toEqual([]);
    expect(site.host.exists(file)).toBe(content !== undefined);
  });

  test("are loaded at once where no deployment has created tables, since the application has no models", async () => {
    await served();
    const file = site.host.at("/microarray/shared/tracks/other.sqlite3");
    await site.host.apply(site.settings("sqlite3", file));
    const waiting = await site.host.apply(site.settings("django.db.backends.sqlite3", file));
    expect(waiting.stdout).toContain("note: the database has no tables yet");
    site.addRelease("second");
    await site.host.apply(site.deployment("second", winter));
    const run = await site.host.apply(site.settings("sqlite3", file));
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout).toContain("reloaded uWSGI\n");
  });

  test("are not mentioned any more after they were changed back", async () => {
    await served();
    site.host.write("/microarray/shared/tracks/full.sqlite3", "auth_user", 0o644);
    const full = site.settings("sqlite3", site.host.at("/microarray/shared/tracks/full.sqlite3"));
    await site.host.apply(full);
    await site.host.apply(site.settings("postgresql"));
    const back = await site.host.apply(full);
    expect(back.stdout).toContain("reloaded uWSGI\n");
    site.addRelease("second", { fault: "answer" });
    const failed = await site.host.apply(site.deployment("second", winter));
    expect(failed.stderr).not.toMatch(hint);
  });
});

describe("options alone", () => {
  test.each([
    ["", "4, 2, 0"],
    [" of a Django that can't tell what waits", "1, 6, 0"],
  ])("need no backup and no migration%s", async (_, django) => {
    site.addRelease("first", { django });
    await site.host.apply(site.deployment("first", winter));
    await site.host.apply(site.service());
    const backups = site.backups();
    site.managed();
    const run = await site.host.apply(site.deployment("first", { ...winter, processes: 3 }));
    expect(run.stdout).toMatch(
      /changed file \/etc\/uwsgi\/tracks\.ini\nreloaded uWSGI: options changed\n/,
    );
    expect(site.managed()).toEqual(["check winter", "collectstatic winter"]);
    expect(site.backups()).toEqual(backups);
  });

  test("that were edited on the host are found, restored and loaded by the service", async () => {
    await served();
    const ini = site.host.read("/etc/uwsgi/tracks.ini");
    site.host.write("/etc/uwsgi/tracks.ini", ini.replace("winter", "night"));
    expect((await site.host.run(["probe"])).stdout).toContain(
      "drift app\t/etc/uwsgi/tracks.ini\tcontent differs\n",
    );
    const run = await site.host.apply(site.deployment("first", winter), { repair: 1 });
    expect(run.stdout).toMatch(/kept \/etc\/uwsgi\/tracks\.ini as it was edited by hand/);
    expect(run.stdout).toContain("reloaded uWSGI: options changed\n");
    expect(site.host.read("/etc/uwsgi/tracks.ini")).toBe(ini);
    expect((await site.host.apply(site.deployment("first", winter))).stdout).toBe(
      "applied app: unchanged\n",
    );
  });
});

describe("a service whose files came without a release", () => {
  test("hands them over while it runs, and is stopped before they are removed", async () => {
    site.addRelease("first");
    await site.host.apply(site.deployment("first"));
    await site.host.apply(site.service(winter));
    site.loads();
    const taken = await site.host.apply(site.deployment("first", winter));
    expect(taken.stderr).toBe("");
    const left = await site.host.apply(site.service());
    expect(left.stdout).toBe("applied uwsgi: unchanged\n");
    expect(site.host.exists("/etc/uwsgi/tracks.ini")).toBe(true);
    site.host.calls();

    await site.host.removeResource("uwsgi");
    expect(site.host.exists("/etc/systemd/system/uwsgi.service")).toBe(true);
    await site.host.removeResource("app");
    expect(site.host.exists("/etc/uwsgi")).toBe(false);
    expect(site.host.exists("/etc/systemd/system/uwsgi.service")).toBe(false);
    expect(
      site.host.calls().filter((call) => /^systemctl.* (stop|disable|daemon-reload)/.test(call)),
    ).toEqual([
      "systemctl -q disable -- uwsgi.service",
      "systemctl stop uwsgi.service",
      "systemctl daemon-reload",
    ]);
  });

  test("is disabled before they are removed where somebody has stopped it", async () => {
    site.addRelease("first");
    await site.host.apply(site.deployment("first", winter));
    await site.host.apply(site.service());
    site.stop();
    site.host.calls();

    const removed = await site.host.removeResource("uwsgi");
    expect(removed).toMatchObject({ code: 0, stderr: "" });
    expect(removed.stdout).toContain(
      "released service uwsgi (enabled stopped -> disabled stopped)\n",
    );
    expect(site.host.exists("/services/uwsgi/enabled")).toBe(false);
    expect(await site.host.removeResource("app")).toMatchObject({ code: 0, stderr: "" });
    expect(site.host.exists("/etc/systemd/system/uwsgi.service")).toBe(false);
  });
});

test("names the backup from before the migrations, whatever the application prints at its end", async () => {
  site.addRelease("first", { pending: ["tracks.0001_initial"] });
  const file = "/microarray/releases/tracks/first/manage.py";
  const noise = "import atexit\natexit.register(print, 'good bye')\n";
  site.host.write(file, noise + site.host.read(file));
  const run = await site.host.apply(site.deployment("first", winter));
  expect(run).toMatchObject({ code: 0, stderr: "" });
  const [, backup] = /^backed up the database to \S+\/(\S+)$/m.exec(run.stdout) ?? [];
  expect(site.backups()).toEqual([backup]);
});
