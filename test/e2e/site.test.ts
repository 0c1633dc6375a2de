import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { reboot } from "../../dev/lab/host";
import {
  checksums,
  checksumsBySed,
  expectedChecksums,
  loadedModels,
  type Row,
  sampleDump,
} from "../sampleDump";
import { shellBlock } from "../pages";
import { diagnostics } from "./diagnostics";
import { manage, SampleSite } from "./sampleSite";
import { expectNowhere, knownSecrets } from "./secretScan";
import { CommandLines } from "./secrets";
import { atTerminal } from "./terminal";

/** The whole site in production, as index.ts wires it: everything that the notes set up. */
describe("the site in production", () => {
  let site: SampleSite;
  let commandLines: string;
  let uploaded: string;
  const onHost = (command: string) => site.deployment.onHost(command);

  beforeAll(async () => {
    site = await SampleSite.create("site");
    const watch = await CommandLines.watch(site.deployment);
    await site.up();
    await watch.stop();
    commandLines = await watch.seen();
  });
  afterAll(() => site.dispose());

  it("is deployed by few remote commands", async () => {
    const state = await site.deployment.state();
    expect(state.split('"type": "command:remote:Command"').length - 1).toBeLessThanOrEqual(20);
  });

  describe("from outside", () => {
    it("shows the old site's data", async () => {
      expect(await site.ask("/healthz/")).toMatchObject({
        status: 200,
        body: '{"status": "ok", "version": "1.0.0", "targets": 14}',
      });
      const page = await site.ask("/");
      expect(page.status).toBe(200);
      expect(page.body).toContain("redirect.target.example.org");
    });

    it("adds slashes, serves static files itself, and keeps spiders out", async () => {
      const about = await site.ask("/about");
      expect(about.status).toBe(301);
      expect(about.headers.location).toMatch(/\/about\/$/);
      const css = await site.ask("/static/roasted/tracks.css");
      expect(css.status).toBe(200);
      expect(css.headers["content-type"]).toMatch(/^text\/css/);
      expect(css.headers).not.toHaveProperty("x-tracks-release");
      expect((await site.ask("/robots.txt")).body).toBe("User-agent: *\nDisallow: /\n");
      expect((await site.ask("/admin/login/")).status).toBe(200);
    });

    it("takes an upload, and nginx serves it", async () => {
      uploaded = await site.upload("notes.txt", "a precious file");
      expect(uploaded).toBe("/media/uploads/notes.txt");
      const file = await site.ask(uploaded);
      expect(file).toMatchObject({ status: 200, body: "a precious file" });
      expect(file.headers).not.toHaveProperty("x-tracks-release");
    });

    it("reaches HTTP, but neither uWSGI nor its statistics nor PostgreSQL", async () => {
      const { address } = site.deployment.host;
      expect(await knock(address, 80)).toBe("open");
      for (const port of [8001, 9191, 5432]) {
        expect(await knock(address, port), `port ${port}`).toBe("ECONNREFUSED");
      }
    });
  });

  describe("on the host", () => {
    it("runs workers as deployer, in an environment that is the service's", async () => {
      const worker = await site.worker();
      expect(worker.environment).toEqual({
        PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
        LANG: "C.UTF-8",
        PRODUCTION: "1",
        DJANGO_SETTINGS_MODULE: "tracks.settings",
        TZ: "UTC",
        UWSGI_ORIGINAL_PROC_NAME: "/usr/local/bin/uwsgi",
        UWSGI_RELOADS: "0",
      });
      const ids = (await onHost("id -u deployer; id -g deployer; id -G deployer")).split(/\s/);
      expect(new Set(worker.ids)).toEqual(new Set(ids.map(Number)));
      expect(worker.directory).toMatch(/^\/microarray\/releases\/tracks\/[0-9a-f]{12}$/);
      expect(worker.prefix).toMatch(/^\/home\/deployer\/venvs\/[0-9a-f]{12}$/);
      expect(await onHost("ps -C nginx -o user= | sort -u")).toBe("nginx\nroot");
    });

    it("listens on the network for SSH and HTTP only", async () => {
      const listening = (await onHost("ss -Hltn | awk '{print $4}'")).split("\n");
      const beyond = listening.filter((address) => !/^(127\.0\.0\.1|\[::1\]):/.test(address));
      expect(new Set(beyond.map((address) => address.replace(/.*:/, "")))).toEqual(
        new Set(["22", "80"]),
      );
      expect(listening).toEqual(expect.arrayContaining(["127.0.0.1:8001", "127.0.0.1:9191"]));
    });

    it("gives uWSGI the options of the notes", async () => {
      const stats = JSON.parse(
        await onHost(
          `python3 -c 'import socket; s = socket.create_connection(("127.0.0.1", 9191)); print(s.makefile().read())'`,
        ),
      ) as { workers: unknown[]; sockets: { name: string }[]; cwd: string };
      expect(stats.workers).toHaveLength(16);
      expect(stats.sockets.map(({ name }) => name)).toContain("127.0.0.1:8001");
      expect(await onHost("ps -o user=,group=,comm= -p $(cat /var/run/uwsgi/uwsgi.pid)")).toMatch(
        /^deployer\s+deployer\s+uwsgi$/,
      );
      expect(await onHost("stat -c '%U' /var/log/uwsgi.log")).toBe("deployer");
      // -b: a header that is longer than the usual 4096 bytes.
      expect((await site.ask("/about/", { headers: { "x-long": "x".repeat(7000) } })).status).toBe(
        200,
      );
    });

    it("has what the notes install, where they have it", async () => {
      expect(await onHost("uwsgi --version")).toBe("2.0.31");
      expect(await site.asDeployer("/home/deployer/venv/bin/pip list")).toMatch(
        /^(?![^]*uwsgi)[^]*Django +4[^]*psycopg2/i,
      );
      expect(await onHost("test -f /microarray/tracks/tracks/wsgi.py && echo there")).toBe("there");
      const directories =
        "/etc/nginx/logs/nginx/tracks/log /etc/nginx/logs/nginx/log /etc/nginx/logs/domains/tracks/log";
      expect(await onHost(`stat -c %F ${directories} | sort -u`)).toBe("directory");
      expect(await onHost("cat /etc/nginx/logs/domains/tracks/log/access.log")).toContain(
        "GET /healthz/",
      );
      expect(await onHost("sqlite3 --version")).toMatch(/^3\./);
      expect(await onHost("logrotate -d /etc/logrotate.d/uwsgi 2>&1")).toContain(
        "/var/log/uwsgi.log",
      );
    });

    it("keeps the database for deployer, who is no superuser", async () => {
      expect(
        await site.sql("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'tracks'"),
      ).toBe("deployer");
      expect(
        await site.sql(
          "SELECT rolcanlogin, rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = 'deployer'",
        ),
      ).toBe("t|f|f|f");
      expect(
        await site.sql("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"),
      ).toBe("deployer");
    });

    it("lets deployer ask the service interface about both services", async () => {
      const ask = shellBlock("docs/day-two.md", "sudo /sbin/service uwsgi status");
      for (const command of [ask, ask.replace("uwsgi", "nginx")]) {
        expect(await site.asDeployer(command)).toContain("active (running)");
      }
    });

    it("is administered as in the notes: development's server shows production's data", async () => {
      const commands = shellBlock("docs/day-two.md", "cd /microarray/tracks && source");
      const printed = await site.asDeployer(`
        echo "PRODUCTION is $PRODUCTION"
        cat >~/commands.sh <<'END'
${commands}END
        setsid bash -e ~/commands.sh >~/commands.log 2>&1 </dev/null &
        until curl -fsS http://127.0.0.1:8000/healthz/ 2>/dev/null; do
          kill -0 $! || { cat ~/commands.log; exit 1; }
          sleep 0.2
        done
        curl -fsS http://127.0.0.1:8000/static/roasted/tracks.css
        kill -- -$!
        cat ~/commands.log
        cd /microarray/tracks
        readlink -f db.sqlite3
        sqlite3 db.sqlite3 'SELECT count(*) FROM roasted_target'
      `);
      expect(printed).toMatch(
        /^PRODUCTION is 1\n[^]*"targets": 14[^]*font-family[^]*^Installed \d+ object\(s\) from 1 fixture\(s\)$[^]*^\/microarray\/shared\/tracks\/db\.sqlite3\n14$/m,
      );
      const engine = `shell -c "from django.db import connection; print(connection.vendor)" </dev/null`;
      expect(
        await site.asDeployer(`${manage} ${engine}; env -u PRODUCTION python manage.py ${engine}`),
      ).toBe("postgresql\nsqlite");
    });

    it("tells in its logs what the program changed, and who visited", async () => {
      const commands = shellBlock("docs/day-two.md", "tail -n 20 /var/lib/tracks/audit.log");
      const printed = await onHost(`timeout 3 bash -e <<'END' || [ $? = 124 ]\n${commands}END\n`);
      expect(printed).toMatch(/intended/);
      expect(printed).toMatch(/GET \/healthz\//);
      expect(printed).toMatch(/==> \/var\/log\/uwsgi\.log <==/);
    });
  });

  describe("the old data", () => {
    it("arrived row by row as it was, which sed would not have done", async () => {
      const expected = expectedChecksums();
      expect(checksums(await site.rows(...loadedModels))).toEqual(expected);
      const changed = Object.entries(checksumsBySed()).filter(
        ([row, checksum]) => expected[row] !== checksum,
      );
      expect(changed.length).toBeGreaterThan(5);
    });

    it("keeps the old names where users wrote them", async () => {
      const texts = (rows: Row[]) =>
        rows
          .filter(({ model }) => /target|redirecthit/.test(model))
          .flatMap(({ fields }) => Object.values(fields))
          .filter((value) => String(value).includes("redirect.target"))
          .sort();
      const old = texts(JSON.parse(sampleDump) as Row[]);
      expect(old.length).toBeGreaterThan(0);
      expect(texts(await site.rows("roasted"))).toEqual(old);
    });

    it("has the old sums, and the next rows get keys above the old ones", async () => {
      expect(await site.sql("SELECT count(*), sum(count) FROM roasted_redirecthit")).toBe(
        "128|2147484009",
      );
      for (const [table, last] of Object.entries({
        roasted_target: 1000,
        roasted_redirecthit: 90210,
        auth_user: 17,
        auth_group: 3,
        django_admin_log: 31,
      })) {
        expect(
          Number(await site.sql(`SELECT nextval(pg_get_serial_sequence('${table}', 'id'))`)),
          table,
        ).toBeGreaterThan(last);
      }
    });

    it("points at the new application's permissions and content types", async () => {
      const named =
        "JOIN auth_permission p ON p.id = permission_id JOIN django_content_type c ON c.id = p.content_type_id";
      expect(
        await site.sql(
          `SELECT g.name, c.app_label, p.codename FROM auth_group_permissions JOIN auth_group g ON g.id = group_id ${named} ORDER BY 1, 3`,
        ),
      ).toBe(
        "editors|roasted|add_target\neditors|roasted|change_target\nredirect.target|roasted|delete_redirecthit",
      );
      expect(
        await site.sql(
          `SELECT user_id, c.app_label, p.codename FROM auth_user_user_permissions ${named} ORDER BY 1`,
        ),
      ).toBe("2|roasted|add_redirecthit\n17|roasted|delete_target");
      expect(
        await site.sql(
          "SELECT l.id, c.app_label, c.model FROM django_admin_log l LEFT JOIN django_content_type c ON c.id = content_type_id ORDER BY 1",
        ),
      ).toBe(
        [
          "1|auth|user",
          "2|auth|group",
          "3|roasted|target",
          "4|roasted|target",
          "7|roasted|target",
          "8|roasted|redirecthit",
          "9||",
          "10||",
          "31|roasted|target",
        ].join("\n"),
      );
    });

    it("lets its users log in with the passwords that they had", async () => {
      const check = `shell -c "from django.contrib.auth import authenticate; print(authenticate(username='admin', password='roasted beans'), authenticate(username='jenny', password='redirect.target'))"`;
      expect(await site.asDeployer(`${manage} ${check} </dev/null`)).toBe("admin jenny");
    });
  });

  it("is left alone by the second up, and the preview is clean", async () => {
    const { folder, environment } = site.deployment;
    const printed = await atTerminal(shellBlock("docs/day-two.md", "pulumi preview"), {
      ...{ folder, environment },
    });
    expect(printed.match(/Resources:\n\s+\d+ unchanged\n/g)).toHaveLength(4);
    expect(printed).toMatch(/^http:\/\/tracks\.test\/?$/m);
    await site.pulumi("preview", "--expect-no-changes");
  });

  it("is updated without losing a request or mixing two versions, and keeps uploads", async () => {
    const mixed = ({ body }: { body: string }) => {
      const [shown, code, templates] = /code ([\d.]+), templates ([\d.]+)/.exec(body) ?? [];
      return code !== undefined && code === templates ? undefined : (shown ?? body);
    };
    const loops = [1, 2].map(() => site.loop("/about/", mixed));
    await site.setVersion("2.0.0");
    const printed = await site.up();
    const requests = await Promise.all(loops.map((loop) => loop.stop()));
    expect(printed).toMatch(/reloaded uWSGI/);
    expect(requests.flatMap(({ failures }) => failures)).toEqual([]);
    expect(Math.min(...requests.map(({ answered }) => answered))).toBeGreaterThan(50);
    expect((await site.ask("/about/")).body).toContain("code 2.0.0, templates 2.0.0");
    expect(await site.ask(uploaded)).toMatchObject({ status: 200, body: "a precious file" });
  });

  it("keeps serving when a release can't be imported, which is refused again", async () => {
    const loop = site.loop("/about/");
    await site.edit("roasted/urls.py", (text) => `import no_such_module\n${text}`);
    for (const attempt of ["first", "second"]) {
      expect(diagnostics(await site.upFails()), attempt).toMatch(
        /No module named '?no_such_module/,
      );
    }
    expect((await loop.stop()).failures).toEqual([]);
    expect((await site.ask("/about/")).body).toContain("code 2.0.0, templates 2.0.0");
    await site.edit("roasted/urls.py", (text) => text.replace(/^.*\n/, ""));
    await site.up();
    expect((await site.ask("/about/")).body).toContain("code 2.0.0, templates 2.0.0");
  });

  it("names the backup and what was applied when a migration fails, and serves on", async () => {
    await site.write(
      "roasted/migrations/0002_bad.py",
      `from django.db import migrations


def fail(apps, schema_editor):
    raise RuntimeError("no such luck")


class Migration(migrations.Migration):
    dependencies = [("roasted", "0001_initial")]
    operations = [migrations.RunPython(fail)]
`,
    );
    const printed = diagnostics(await site.upFails());
    expect(printed).toMatch(/manage\.py migrate fails.*no such luck/);
    const [, backup = ""] =
      /the backup of the database from before this run is (\S+)/.exec(printed) ?? [];
    expect(await onHost(`pg_restore --list ${backup}`)).toMatch(/TABLE DATA public roasted_target/);
    expect((await site.ask("/about/")).body).toContain("code 2.0.0, templates 2.0.0");
    await site.remove("roasted/migrations/0002_bad.py");
    expect(await site.up()).not.toMatch(/error/);
    expect((await site.ask("/healthz/")).body).toContain('"targets": 14');
  });

  it("comes back whole after a reboot", async () => {
    await reboot(site.deployment.stack);
    await expect
      .poll(() => site.ask("/healthz/").then(({ status }) => status, String), { timeout: 30_000 })
      .toBe(200);
    expect((await site.ask("/healthz/")).body).toContain('"targets": 14');
    expect(await site.ask(uploaded)).toMatchObject({ status: 200 });
    expect((await site.worker()).environment).toHaveProperty("PRODUCTION", "1");
    expect(await site.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });

  it("takes another password of the database, and the old one opens nothing", async () => {
    const before = await knownSecrets(site);
    expect(await site.sqlWithPassword(before.database, "SELECT 1")).toBe("1");
    const watch = await CommandLines.watch(site.deployment);
    const password = "rotated-Pass'word 2";
    await site.deployment.set("databasePassword", password, "--secret");
    await site.up();
    await watch.stop();
    commandLines += await watch.seen();
    expect((await site.ask("/healthz/")).body).toContain('"targets": 14');
    expect(await site.sqlWithPassword(before.database, "SELECT 1")).toMatch(
      /authentication failed/,
    );
    expect(await site.sqlWithPassword(password, "SELECT 1")).toBe("1");
    await expectNowhere(site, { ...before, rotated: password }, commandLines);
  });

  it("is adopted, with its data, by a stack that lost its state", async () => {
    const key = await onHost("sha256sum </microarray/shared/tracks/secret_key");
    const counts =
      "SELECT count(*) FROM roasted_target UNION ALL SELECT count(*) FROM roasted_redirecthit";
    const before = await site.sql(counts);
    await site.deployment.forgetState();
    const printed = await site.up();
    expect(printed).toMatch(/already loaded at /);
    expect(await site.sql(counts)).toBe(before);
    expect((await site.ask("/healthz/")).body).toContain('"targets": 14');
    expect(await site.ask(uploaded)).toMatchObject({ status: 200 });
    expect(await onHost("sha256sum </microarray/shared/tracks/secret_key")).toBe(key);
    expect(await site.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });
});

/** Result of a connection from this machine: `open`, or the reason that there is none. */
function knock(address: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: 5_000 });
    const end = (word: string) => {
      socket.destroy();
      resolve(word);
    };
    socket.once("connect", () => {
      end("open");
    });
    socket.once("timeout", () => {
      end("timeout");
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      end(error.code ?? error.message);
    });
  });
}
