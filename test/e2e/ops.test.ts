import { readdir, readFile, stat } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Finding } from "../../commands/ops/findings";
import type { ServiceEvent } from "../../commands/ops/services";
import type { SiteStatus } from "../../commands/ops/siteStatus";
import { DevSite } from "./devSite";
import { Neighbour } from "./neighbour";
import { atTerminal, type Ops, runLine, startOps } from "./opsProgram";
import { SampleSite } from "./sampleSite";
import { CommandLines } from "./secrets";

/** The verbs of `npm run ops`, with a login for which sudo asks a password. */
describe("npm run ops", () => {
  let site: SampleSite;
  /** On a host of its own, which is also the bastion of one test. */
  let elsewhere: DevSite;
  /** All that the verbs have printed. */
  let printed = "";

  async function run(...words: string[]): Promise<Ops> {
    return runWith("", ...words);
  }

  async function runWith(input: string, ...words: string[]): Promise<Ops> {
    const { exitCode, stdout, stderr } = await startOps(site.deployment, words, input);
    printed += stdout + stderr;
    return { exitCode, stdout, stderr };
  }

  const onHost = (command: string) => site.deployment.onHost(command);
  const here = (file: string) => join(site.deployment.folder, file);
  const nothingRuns = (pattern: string) =>
    expect.poll(() => onHost(`pgrep -af '${pattern}' || echo nothing`)).toBe("nothing");

  beforeAll(async () => {
    site = await SampleSite.create("ops", { hostUser: "operator" });
    await site.up();
    elsewhere = await DevSite.deploy(site.deployment, site.folder);
  });
  afterAll(async () => {
    await elsewhere.dispose();
    await site.dispose();
  });

  it("doctor: nothing is in the way", async () => {
    const { exitCode, stdout, stderr } = await run("doctor", "--json");
    expect(exitCode, stdout + stderr).toBe(0);
    const checks = (JSON.parse(stdout) as Finding[]).map(({ check }) => check);
    expect(checks).toEqual(
      expect.arrayContaining(["Node", "pulumi", "plugins", "SSH", "root", "clock", "in the way"]),
    );
  });

  it("status: the site is fine, and how it is", async () => {
    const { exitCode, stdout, stderr } = await run("status");
    expect(exitCode, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/^uwsgi +runs as \d+ for \d+ (s|min), 16 workers$/m);
    expect(stdout).toMatch(/^workers +16 idle$/m);
    expect(stdout).toMatch(/^release +[0-9a-f]{12}, since 20\d\d-/m);
    expect(stdout).toMatch(/^disk +\/.* % used, \d+ MB left$/m);
    expect(stdout).toMatch(/\nThe site tracks\.test is fine\.$/);
  });

  it("restart: in the notes' order, proven, and in the audit log", async () => {
    const before = await onHost("pgrep -u deployer -f uwsgi | sort");
    const { exitCode, stdout, stderr } = await run("restart", "--json");
    expect(exitCode, stderr).toBe(0);
    const events = JSON.parse(stdout) as ServiceEvent[];
    expect(events.map(({ what, service }) => `${what} ${service}`)).toEqual([
      "stopped uwsgi",
      "stopped nginx",
      "started uwsgi",
      "started nginx",
    ]);
    expect(await onHost("pgrep -u deployer -f uwsgi | sort")).not.toBe(before);
    expect((await site.ask("/healthz/")).status).toBe(200);
    const audit = await run("audit", "--lines", "1");
    expect(audit.stdout).toMatch(/^20\S+Z {2}services {2}operated {2}started nginx \(master /);
  });

  it("stop: is agreed to, is drift, and start undoes it", async () => {
    expect(await run("stop", "nginx")).toMatchObject({ exitCode: 2 });
    expect((await site.ask("/healthz/")).status).toBe(200);
    const stopped = await run("stop", "nginx", "--yes");
    expect(stopped).toMatchObject({ exitCode: 0, stdout: "stopped nginx" });
    expect(stopped.stderr).toContain("the next `pulumi up` undoes it: a stopped service is drift");
    const status = await run("status", "--json");
    expect(status.exitCode).toBe(3);
    const found = JSON.parse(status.stdout) as SiteStatus;
    expect(found.problems[0]).toEqual({
      severity: "error",
      subject: "nginx does not run",
      fix: ["npm run ops -- start --stack ops nginx"],
    });
    expect(found.drift.flatMap(({ differences }) => differences)).toContainEqual({
      name: "service nginx",
      reason: 'is "enabled stopped", not "enabled running"',
    });
    expect(await run("start")).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^uwsgi runs already\nstarted nginx \(master /) as string,
    });
    expect((await site.ask("/healthz/")).status).toBe(200);
  });

  it("logs: all of them live, and Ctrl-C leaves nothing on the host", async () => {
    const logs = startOps(site.deployment, ["logs", "--lines", "1"]);
    let shown = "";
    logs.stdout.on("data", (chunk: Buffer) => (shown += chunk.toString()));
    await expect.poll(() => shown, { timeout: 60_000 }).toMatch(/^pid +nginx \d+\n/m);
    await expect.poll(() => onHost("pgrep -c tail || true"), { timeout: 60_000 }).not.toBe("0");
    await site.ask("/healthz/?first-question");
    await expect.poll(() => shown).toMatch(/^tracks\/access .*GET \/healthz\/\?first-question /m);
    await expect.poll(() => shown).toMatch(/^uwsgi .*GET \/healthz\/\?first-question => /m);
    await onHost("systemctl restart nginx");
    const pid = await onHost("cat /run/nginx.pid");
    await expect.poll(() => shown).toMatch(new RegExp(`^pid +nginx ${pid}\n`, "m"));
    logs.kill("SIGINT");
    expect((await logs).exitCode).toBe(0);
    await nothingRuns("[t]ail -c|[f]ollow live");
  });

  it("logs: what is there by now, as far as it is asked for", async () => {
    const words = ["logs", "--no-follow", "--since", "1h", "--grep", "first-question"];
    const { exitCode, stdout } = await run(...words);
    expect(exitCode).toBe(0);
    const marks = stdout.split("\n").map((line) => line.split(" ")[0]);
    expect(marks.filter((mark) => mark !== "pid").sort()).toEqual(["tracks/access", "uwsgi"]);
  });

  it("manage: exactly the service's environment, and the command's own exit code", async () => {
    const program = "import os, json; print('is', json.dumps(dict(os.environ)), os.getcwd())";
    const said = await runWith(program, "manage", "shell");
    const [, variables = "{}", directory] = /^is (\{.*\}) (.*)$/m.exec(said.stdout) ?? [];
    const { PATH, HOME, USER, LOGNAME, ...own } = JSON.parse(variables) as Record<string, string>;
    expect({ HOME, USER, LOGNAME }).toEqual({
      ...{ HOME: "/home/deployer", USER: "deployer", LOGNAME: "deployer" },
    });
    const worker = await site.worker();
    const service = Object.entries(worker.environment).filter(
      ([name]) => !name.startsWith("UWSGI"),
    );
    expect({ PATH, ...own }).toEqual(Object.fromEntries(service));
    expect(directory).toBe(worker.directory);
    const dev = await runWith(program, "manage", "--dev", "shell");
    expect(dev.stdout).toContain('"DJANGO_SETTINGS_MODULE"');
    expect(dev.stdout).not.toContain("PRODUCTION");
    expect(await run("manage", "no-such-command")).toMatchObject({ exitCode: 1 });
  });

  it("manage: without a terminal, too, Ctrl-C ends what runs on the host", async () => {
    const program = "import time; print('begun', flush=True); time.sleep(300)";
    const running = startOps(site.deployment, ["manage", "shell"], program);
    let said = "";
    running.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await expect.poll(() => said, { timeout: 60_000 }).toContain("begun");
    running.kill("SIGINT");
    expect((await running).signal).toBe("SIGINT");
    await nothingRuns("[m]anage.py shell");
  });

  it("shell and dbshell: on a real terminal, where Ctrl-C interrupts what runs there", async () => {
    const shell = await atTerminal(
      site.deployment,
      ["shell"],
      [
        [">>> ", "import os; print(os.isatty(0), os.get_terminal_size().columns)\n"],
        [">>> ", "import time; time.sleep(60)\n"],
        ["sleep\\(60\\)", "\u0003"],
        ["KeyboardInterrupt.*>>> ", "\u0004"],
      ],
    );
    printed += shell.stdout;
    expect(shell.exitCode, shell.stdout).toBe(0);
    expect(shell.stdout).toContain("True 80");
    const dbshell = await atTerminal(
      site.deployment,
      ["dbshell"],
      [
        ["tracks=> ", "select 'rows', count(*) from roasted_target;\n"],
        ["row\\).*tracks=> ", "\\q\n"],
      ],
    );
    printed += dbshell.stdout;
    expect(dbshell.exitCode, dbshell.stdout).toBe(0);
    expect(dbshell.stdout).toMatch(/rows +\| +14\b/);
  });

  it("createsuperuser: asks for a password that no screen shows", async () => {
    const { exitCode, stdout } = await atTerminal(
      site.deployment,
      ["createsuperuser"],
      [
        ["Username.*: ", "curator\n"],
        ["Email address: ", "curator@example.org\n"],
        ["Password: ", "plumage-of-owls\n"],
        ["Password \\(again\\): ", "plumage-of-owls\n"],
      ],
    );
    expect(exitCode, stdout).toBe(0);
    expect(stdout).not.toContain("plumage");
    const users = "SELECT is_superuser FROM auth_user WHERE username = 'curator'";
    expect(await site.sql(users)).toBe("t");
  });

  it("ssh: as the login, or as the deployer", async () => {
    expect(await run("ssh", "id", "-un")).toMatchObject({ exitCode: 0, stdout: "operator" });
    const words = ["ssh", "--deployer", "sh", "-c", 'echo "$0 $PRODUCTION"; exit 7', "two words"];
    expect(await run(...words)).toMatchObject({ exitCode: 7, stdout: "two words 1" });
  });

  it("dumpdata, loaddata: a copy of production's data in the development database", async () => {
    const excluded = ["--exclude", "contenttypes", "--exclude", "auth.permission"];
    const words = ["--natural-foreign", ...excluded];
    expect(await run("dumpdata", "copy.json", ...words)).toMatchObject({ exitCode: 0 });
    expect((await stat(here("copy.json"))).mode & 0o777).toBe(0o600);
    const text = await readFile(here("copy.json"), "utf8");
    expect(text).toMatch(/^\[\n\{\n "model": /);
    expect(text).toContain("curator@example.org");
    const failed = await run("dumpdata", "none.json", "no.such");
    expect(failed).toMatchObject({ exitCode: 1 });
    await expect(stat(here("none.json"))).rejects.toThrow("ENOENT");

    expect(await run("manage", "--dev", "migrate")).toMatchObject({ exitCode: 0 });
    const loaded = await run("loaddata", "copy.json", "--dev", "--yes");
    expect(loaded.exitCode, loaded.stderr).toBe(0);
    expect(loaded.stderr).toMatch(/backed up to \/microarray\/backups\/tracks\/\S+\.sqlite3/);
    const count = "SELECT count(*) FROM roasted_target";
    expect(await onHost(`sqlite3 /microarray/shared/tracks/db.sqlite3 '${count}'`)).toBe("14");
    expect(await onHost("ls -A /microarray/backups/tracks")).not.toContain(".loaddata");
  });

  /** Keeps everybody from reading the targets, so that what dumps them waits. */
  const lockTargets = () => {
    const lock = "BEGIN; LOCK TABLE roasted_target IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(300)";
    const held =
      "SELECT count(*) FROM pg_locks WHERE relation = 'roasted_target'::regclass AND mode = 'AccessExclusiveLock' AND granted";
    const psql = (sql: string) => `runuser -u postgres -- psql -X -q -A -t -d tracks -c "${sql}"`;
    return onHost(
      [
        "cd /",
        `(setsid ${psql(lock)} >/dev/null 2>&1 </dev/null &)`,
        // Only then is it a session of its own, which stays when this shell ends.
        `for i in $(seq 100); do [ "$(${psql(held)})" = 1 ] && exit 0; sleep 0.2; done; exit 1`,
      ].join("\n"),
    );
  };
  const unlockTargets = () =>
    site.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()",
    );

  it("dumpdata: Ctrl-C leaves no part of a file here, and nothing on the host", async () => {
    await lockTargets();
    try {
      const dumping = startOps(site.deployment, ["dumpdata", "broken.json"]);
      const parts = async () =>
        (await readdir(site.deployment.folder)).filter((name) => name.startsWith("broken"));
      await expect.poll(parts, { timeout: 60_000 }).toHaveLength(1);
      await expect
        .poll(() => onHost("pgrep -cf '[m]anage.py dumpdata' || true"), { timeout: 60_000 })
        .not.toBe("0");
      dumping.kill("SIGINT");
      expect((await dumping).exitCode).toBe(1);
      expect(await parts()).toEqual([]);
      await nothingRuns("[m]anage.py dumpdata");
    } finally {
      await unlockTargets();
    }
  });

  describe("copy-data", () => {
    let dev: Neighbour;
    /** Copies on this machine. */
    const copies = async () =>
      (await readdir(site.deployment.folder)).filter((name) => name.startsWith("tracks-copy-data"));

    beforeAll(async () => {
      dev = await Neighbour.create(site.deployment, site.folder);
      await dev.sql(
        "INSERT INTO roasted_target (name, url, description, created) VALUES ('former', 'http://x/', '', '2026-01-01')",
      );
    });

    it("is refused towards production, --yes or not", async () => {
      const { exitCode, stderr } = await dev.asFirst(() =>
        run("copy-data", dev.stack, "ops", "--yes"),
      );
      expect({ exitCode, stderr }).toEqual({
        exitCode: 1,
        stderr: expect.stringMatching(
          /^The data of the stack ops are never replaced\n.* tracks:production is true/,
        ) as string,
      });
    });

    it("asks twice for an unscrubbed copy, of which --yes answers one", async () => {
      const former = await dev.data();
      const words = ["copy-data", "ops", dev.stack, "--no-scrub", "--yes"];
      const { exitCode, stderr } = await run(...words);
      expect(exitCode, stderr).toBe(2);
      expect(stderr).toContain("--yes does not answer this question");
      expect(await dev.data()).toBe(former);
    });

    it("leaves nothing here and nothing on the host after Ctrl-C", async () => {
      const former = await dev.data();
      await lockTargets();
      try {
        const copying = startOps(site.deployment, ["copy-data", "ops", dev.stack, "--yes"]);
        await expect.poll(copies, { timeout: 60_000 }).toHaveLength(1);
        const [folder = ""] = await copies();
        expect((await stat(here(folder))).mode & 0o777).toBe(0o700);
        await expect
          .poll(() => stat(here(`${folder}/dump.json`)).then(({ mode }) => mode & 0o777, String))
          .toBe(0o600);
        await expect
          .poll(() => onHost("pgrep -cf '[c]opy_out.py dump' || true"), { timeout: 60_000 })
          .not.toBe("0");
        copying.kill("SIGINT");
        expect((await copying).signal).toBe("SIGINT");
        expect(await copies()).toEqual([]);
        await nothingRuns("[c]opy_out.py|[c]opy-out");
      } finally {
        await unlockTargets();
      }
      expect(await dev.data()).toBe(former);
    });

    it("replaces dev's data by production's, scrubbed, and its backup restores them", async () => {
      const former = await dev.data();
      const watched = await CommandLines.watch(site.deployment);
      const scrub = ["--scrub", "roasted.redirecthit.user_agent=Owl-of-the-Scrub"];
      const copied = await run("copy-data", "ops", dev.stack, "--yes", ...scrub);
      await watched.stop();
      expect(copied.exitCode, copied.stderr).toBe(0);
      expect(copied.stderr).toContain(
        "auth.user.email (emptied), auth.user.password (unusable), roasted.redirecthit.user_agent (replaced)",
      );
      expect(copied.stdout).toMatch(/^roasted\.target: 14 rows$/m);
      expect(await dev.sql("SELECT count(*) FROM roasted_target")).toBe("14");
      expect(
        await dev.sql(
          "SELECT username, substr(password, 1, 1), email FROM auth_user WHERE username = 'curator'",
        ),
      ).toBe("curator|!|");
      expect(await dev.sql("SELECT DISTINCT user_agent FROM roasted_redirecthit")).toBe(
        "Owl-of-the-Scrub",
      );
      expect(
        await site.sql("SELECT count(*) FROM auth_user WHERE email = 'curator@example.org'"),
      ).toBe("1");
      const said = copied.stdout + copied.stderr;
      expect(said).not.toMatch(/curator@|Owl-of-the-Scrub/);
      expect(await watched.seen()).not.toMatch(/Owl-of-the-Scrub/);
      expect(await copies()).toEqual([]);

      const [, path = "", line = ""] =
        /^backed up to (\S+); to restore it:\n +(.* npm run ops .*)$/m.exec(copied.stderr) ?? [];
      expect(path.startsWith(`${Neighbour.backups}/`)).toBe(true);
      expect(await onHost(`stat -c '%U %a' ${path}`)).toBe("deployer 600");
      const restored = await runLine(site.deployment, line);
      expect(restored.exitCode, restored.stderr).toBe(0);
      expect(await dev.data()).toBe(former);
      expect((await site.ask("/healthz/")).status).toBe(200);
    });

    it("replaces the data of a dev on another host, which serves them at once", async () => {
      const { stack } = elsewhere;
      await elsewhere.sql(
        "INSERT INTO roasted_target (name, url, description, created) VALUES ('former', 'http://x/', '', '2026-01-01')",
      );
      const copied = await run("copy-data", "ops", stack.name, "--yes");
      expect(copied.exitCode, copied.stderr).toBe(0);
      expect(copied.stderr).toContain(
        `This replaces all data of the stack ${stack.name} on ${elsewhere.host.address} by a copy of those of the stack ops on ${site.deployment.host.address}.`,
      );
      expect(copied.stdout).toMatch(/^roasted\.target: 14 rows$/m);
      expect(await elsewhere.page("/healthz/")).toContain('"targets": 14');
      expect(await elsewhere.sql("SELECT email FROM auth_user WHERE username = 'curator'")).toBe(
        "",
      );
      expect(await copies()).toEqual([]);
      expect(await onHost("tail -n 1 /var/lib/tracks/audit.log")).toContain(
        `gave a copy of the data to tracks.${stack.name}, scrubbed`,
      );
      expect(await elsewhere.onHost("tail -n 1 /var/lib/tracks/audit.log")).toContain(
        "replaced the data by a copy of those of tracks.ops",
      );

      const [, line = ""] = /^backed up to \S+; to restore it:\n +(.* npm run ops .*)$/m.exec(
        copied.stderr,
      ) ?? [""];
      const restored = await runLine(site.deployment, line);
      expect(restored.exitCode, restored.stderr).toBe(0);
      expect(await elsewhere.sql("SELECT name FROM roasted_target")).toBe("former");
      expect(await elsewhere.page("/healthz/")).toContain('"targets": 1');
    });

    it("is refused where dev's release lacks a migration of the data", async () => {
      const file = "/microarray/tracks/roasted/migrations/0002_species.py";
      const migration = [
        "from django.db import migrations",
        "class Migration(migrations.Migration):",
        '    dependencies = [("roasted", "0001_initial")]',
        "    operations = []",
      ];
      await onHost(`cat >${file} <<'END'\n${migration.join("\n")}\nEND`);
      try {
        expect(await run("manage", "migrate", "roasted")).toMatchObject({ exitCode: 0 });
        const former = await dev.data();
        const { exitCode, stderr } = await run("copy-data", "ops", dev.stack, "--yes");
        expect(exitCode).toBe(1);
        expect(stderr).toMatch(/lacks migrations [^]* found: +roasted\.0002_species\n/);
        expect(await dev.data()).toBe(former);
      } finally {
        await run("manage", "migrate", "roasted", "0001");
        await onHost(`rm ${file}`);
      }
    });
  });

  it.each([
    ["production's data, by the site's own name", []],
    ["development's, with static files", ["--dev", "--insecure"]],
  ])("runserver: %s, in a browser here", async (_, options) => {
    const port = await freePort();
    const server = startOps(site.deployment, ["runserver", ...options, "--port", String(port)]);
    let said = "";
    server.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await expect.poll(() => said, { timeout: 60_000 }).toContain(`http://localhost:${port}/`);
    const healthz = await fetch(`http://localhost:${port}/healthz/`);
    expect(await healthz.text()).toContain('"targets": 14');
    const css = await fetch(`http://localhost:${port}/static/roasted/tracks.css`);
    expect(css.status).toBe(options.length > 0 ? 200 : 404);
    server.kill("SIGINT");
    expect((await server).exitCode).toBe(0);
    await nothingRuns("[m]anage.py runserver");
  });

  it("works with the stack of a development site, whose database is a file", async () => {
    const option = ["--stack", elsewhere.stack.name];
    const dev = (verb: string, ...words: string[]) => run(verb, ...option, ...words);
    const terminal = (verb: string, steps: [string, string][]) =>
      atTerminal(site.deployment, [verb, ...option], steps);
    const targets = await elsewhere.sql("SELECT count(*) FROM roasted_target");
    await elsewhere.stack.asFirst(async () => {
      for (const [verb, words, expected] of [
        ["doctor", [], ""],
        ["restart", [], "started uwsgi"],
        ["reload", ["nginx"], "reloaded nginx"],
        ["stop", ["uwsgi", "--yes"], "stopped uwsgi"],
        ["start", ["uwsgi"], "started uwsgi"],
        ["status", [], "is fine."],
        ["logs", ["--no-follow", "--lines", "1"], "tracks/access "],
        ["audit", ["--lines", "1"], "started uwsgi"],
        ["ssh", ["--deployer", "id", "-un"], "deployer"],
        ["manage", ["check"], "no issues"],
        ["createsuperuser", ["--noinput", "--username", "dev", "--email", "d@e.org"], "created"],
        ["dumpdata", ["dev.json", "--exclude", "contenttypes", "auth.user"], ""],
        ["loaddata", ["dev.json", "--yes"], ""],
      ] as const) {
        const { exitCode, stdout, stderr } = await dev(verb, ...words);
        expect(exitCode, `${verb}: ${stdout}${stderr}`).toBe(0);
        expect(stdout + stderr, verb).toContain(expected);
      }
      expect(await readFile(here("dev.json"), "utf8")).toContain('"username": "dev"');

      const shell = await terminal("shell", [
        [">>> ", "import os; os.environ.get('PRODUCTION')\n\u0004"],
      ]);
      expect(shell.exitCode, shell.stdout).toBe(0);
      const dbshell = await terminal("dbshell", [
        ["sqlite> ", "select 'user ' || username from auth_user where username = 'dev';\n"],
        ["sqlite> ", ".quit\n"],
      ]);
      expect(dbshell.exitCode, dbshell.stdout).toBe(0);
      expect(dbshell.stdout).toMatch(/^user dev\r?$/m);

      const port = String(await freePort());
      const server = startOps(site.deployment, ["runserver", ...option, "--port", port]);
      const url = `http://localhost:${port}/healthz/`;
      await expect
        .poll(() => fetch(url).then((page) => page.text(), String), { timeout: 60_000 })
        .toContain(`"targets": ${targets}`);
      server.kill("SIGINT");
      expect((await server).exitCode).toBe(0);
    });
  });

  it.each<[way: string, login: string, settings: () => Record<string, string>]>([
    ["as root", "root", () => ({ hostUser: "root" })],
    ["as a login whose sudo asks for no password", "admin", () => ({ hostUser: "admin" })],
    [
      "through a bastion, as a login whose sudo asks for one",
      "operator",
      () => {
        const { address, hostKey, identityFile } = elsewhere.host;
        return {
          bastionHost: address,
          bastionUser: "root",
          bastionHostKey: hostKey,
          bastionPrivateKeyFile: identityFile,
        };
      },
    ],
  ])("works %s", async (_, login, settings) => {
    const keys = Object.entries(settings());
    for (const [key, value] of keys) await site.deployment.set(key, value);
    try {
      const [status, manage, ssh, logs, shell] = await Promise.all([
        run("status"),
        run("manage", "check"),
        run("ssh", "sh", "-c", 'id -un; echo "$0"', "two words"),
        run("logs", "--no-follow", "--lines", "1"),
        atTerminal(
          site.deployment,
          ["shell"],
          [
            [">>> ", "import os; print(os.isatty(0), os.get_terminal_size().columns)\n"],
            ["True 80.*>>> ", "\u0004"],
          ],
        ),
      ]);
      expect(status.stdout, status.stderr).toMatch(/\nThe site tracks\.test is fine\.$/);
      expect(manage.stdout + manage.stderr).toContain("no issues");
      expect(ssh).toMatchObject({ exitCode: 0, stdout: `${login}\ntwo words` });
      expect(logs.stdout, logs.stderr).toMatch(/^tracks\/access /m);
      expect(shell.exitCode, shell.stdout).toBe(0);
      const from = "bastionHost" in settings() ? elsewhere.host.address : "[0-9.]*";
      const logins = `grep -c 'Accepted publickey for ${login} from ${from} ' /var/log/secure`;
      expect(Number(await onHost(logins))).toBeGreaterThanOrEqual(5);
    } finally {
      for (const [key] of keys) {
        if (key !== "hostUser") await site.deployment.unset(key);
      }
      await site.deployment.set("hostUser", "operator");
    }
  });

  describe("two at once", () => {
    const wsgi = "/microarray/tracks/tracks/wsgi.py";
    /** Until somebody has the lock, which says that a run is under way. */
    const changes = (subsystem: string) =>
      expect
        .poll(
          () =>
            onHost(`flock -n -s /run/tracks/lock.${subsystem} true && echo free || echo changing`),
          { timeout: 60_000 },
        )
        .toBe("changing");

    beforeAll(async () => {
      // A slow application: what begins meanwhile does so before the first has ended.
      await onHost(`cp -p ${wsgi} /root/wsgi.py; sed -i '1i import time; time.sleep(8)' ${wsgi}`);
    });
    afterAll(async () => {
      await onHost(`cp -p /root/wsgi.py ${wsgi}`);
    });

    it("restart: the second waits for the first, and says so; manage and status don't wait", async () => {
      const first = startOps(site.deployment, ["restart"]);
      await changes("uwsgi");
      const [second, manage, status] = await Promise.all([
        run("restart"),
        run("manage", "check"),
        run("status", "--json"),
      ]);
      const by = /pid \d+ \(operate tracks\.ops\/services, since 20\S+Z\)/.source;
      expect(await first).toMatchObject({ exitCode: 0 });
      expect(manage.stdout + manage.stderr).toContain("no issues");
      const { changing } = JSON.parse(status.stdout) as SiteStatus;
      expect(changing.map(({ subsystem }) => subsystem).sort()).toEqual([
        ...["application", "nginx", "uwsgi"],
      ]);
      expect(changing[0]?.by).toMatch(new RegExp(`^${by}$`));
      expect(second.exitCode, second.stderr).toBe(0);
      expect(second.stderr).toMatch(new RegExp(`^waiting: application is locked by ${by}$`, "m"));
      expect((await site.ask("/healthz/")).status).toBe(200);
    });

    it("pulumi up: status says what it changes, and restart waits for it", async () => {
      await site.deployment.set("uwsgiHarakiriSeconds", "67");
      const deploying = site.up();
      await changes("application");
      const [status, restarted] = await Promise.all([run("status"), run("restart", "uwsgi")]);
      const by = /pid \d+ \(apply tracks\.ops\/app\S*, since 20\S+Z\)/.source;
      expect(await deploying).toMatch(/\d updated/);
      expect(status.stdout).toMatch(new RegExp(`^changing +application: ${by}$`, "m"));
      expect(restarted.exitCode, restarted.stderr).toBe(0);
      expect(restarted.stderr).toMatch(
        new RegExp(`^waiting: application is locked by ${by}$`, "m"),
      );
      expect(await run("status")).toMatchObject({ exitCode: 0 });
    });
  });

  it("says what it could not reach, with a code of its own", async () => {
    await onHost("systemctl stop sshd");
    try {
      await sleep(500);
      const { exitCode, stderr } = await run("manage", "check");
      expect({ exitCode, stderr }).toEqual({
        exitCode: 255,
        stderr: expect.stringMatching(/can't be reached[^]*connection refused/) as string,
      });
    } finally {
      await onHost("systemctl start sshd");
    }
  });

  it("shows no secret, whatever it does", () => {
    const { secrets, users } = site.deployment.host;
    expect(printed).not.toContain(secrets.deployerPassword);
    expect(printed).not.toContain(users.sudoer.password);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
