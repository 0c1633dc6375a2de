import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Deployment } from "./deployment";
import { diagnostics } from "./diagnostics";
import { RequestLoop } from "./requestLoop";

const sample = join(__dirname, "../../dev/sample/tracks");

describe("an application from a local folder", () => {
  let deployment: Deployment;
  let folder: string;

  const edit = async (file: string, change: (text: string) => string) => {
    const path = join(folder, file);
    await writeFile(path, change(await readFile(path, "utf8")));
  };
  /** Code and templates say which version they are of. */
  const setVersion = async (version: string) => {
    await edit("roasted/version.py", () => `VERSION = "${version}"\n`);
    await edit("roasted/templates/roasted/base.html", (text) =>
      text.replace(/templates [^<]*</, `templates ${version}<`),
    );
  };
  const restore = (file: string) => cp(join(sample, file), join(folder, file));
  /** Runs the program with settings of the UwsgiService. */
  const setUwsgi = (uwsgi: object) => {
    deployment.environment["TRACKS_TEST_APPLICATION"] = JSON.stringify({ folder, uwsgi });
  };
  const release = () => deployment.onHost("readlink /microarray/tracks");
  /** What the service is made from, and how many workers it has. */
  const service = () =>
    deployment.onHost(
      "sha256sum /etc/uwsgi/tracks.ini /etc/systemd/system/uwsgi.service; pgrep -c -P $(cat /run/uwsgi/uwsgi.pid)",
    );
  const page = async (path: string) => {
    const response = await fetch(`http://${deployment.host.address}${path}`, {
      headers: { connection: "close" },
      redirect: "manual",
    });
    return { status: response.status, text: await response.text() };
  };
  const releases = () =>
    deployment.onHost("ls -d /microarray/releases/tracks/*/ | wc -l").then(Number);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "tracks-source-"));
    await cp(sample, folder, { recursive: true });
    deployment = await Deployment.create("application", {
      program: "test/e2e/programs/application.ts",
    });
    // By address, so that a request of the test needs no name.
    await deployment.set("serverNames", '["tracks.test"]');
    setUwsgi({});
    await deployment.onHost(
      "mkdir -p /microarray/tracks && echo 'a local change' >/microarray/tracks/views.py",
    );
  });
  afterAll(async () => {
    await deployment.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  it("is fetched, built, migrated and served; a checkout that was there is kept", async () => {
    const printed = await deployment.up();
    expect(printed).toMatch(/applied migration roasted\.0001_initial/);
    expect(printed).toMatch(/kept \/microarray\/tracks as it was before: /);
    expect(await release()).toMatch(/^releases\/tracks\/[0-9a-f]{12}$/);
    expect(await deployment.onHost("readlink /home/deployer/venv")).toMatch(
      /^venvs\/[0-9a-f]{12}$/,
    );
    expect(await deployment.onHost("stat -Lc '%U %a' /microarray/tracks/manage.py")).toBe(
      "deployer 755",
    );
    expect(
      await deployment.onHost(
        "cd /microarray/shared/tracks && stat -c '%U %a' . db.sqlite3 secret_key local.py media",
      ),
    ).toBe("deployer 711\ndeployer 600\ndeployer 400\ndeployer 400\ndeployer 755");
    expect(await deployment.onHost("ls /microarray/tracks/staticfiles")).toContain("roasted");
    expect(await page("/about/")).toMatchObject({ status: 200 });
    expect((await page("/about/")).text).toContain("code 1.0.0, templates 1.0.0");
  });

  it("is left alone by the second up", async () => {
    expect(await deployment.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });

  it("is updated together with a variable that it needs, loses no request and never shows two versions", async () => {
    const before = await release();
    await setVersion("2.0.0");
    await edit("tracks/settings/base.py", (text) => `${text}\nimport os\n\nos.environ["SEASON"]\n`);
    setUwsgi({ environment: { SEASON: "winter 2" } });
    const stop = new AbortController();
    const seen = { answered: 0, faults: [] as string[] };
    const loop = (async () => {
      while (!stop.signal.aborted) {
        const { status, text } = await page("/about/").catch((error: unknown) => ({
          status: 0,
          text: String(error),
        }));
        const [, code, templates] = /code ([\d.]+), templates ([\d.]+)/.exec(text) ?? [];
        if (status !== 200 || code !== templates)
          seen.faults.push(`${status} ${code} ${templates}`);
        else seen.answered++;
      }
    })();
    const printed = await deployment.up();
    stop.abort();
    await loop;
    expect(printed).toMatch(/reloaded uWSGI: options changed/);
    expect(seen.faults).toEqual([]);
    expect(seen.answered).toBeGreaterThan(50);
    expect(await release()).not.toBe(before);
    expect((await page("/about/")).text).toContain("code 2.0.0, templates 2.0.0");
    expect(await deployment.onHost(`cat /microarray/${before}/roasted/version.py`)).toContain(
      "1.0.0",
    );
  });

  it("takes an option alone by a reload that loses no request, and backs nothing up", async () => {
    const before = await release();
    const loops = [1, 2].map(() => RequestLoop.start(`http://${deployment.host.address}/about/`));
    setUwsgi({ environment: { SEASON: "winter 2" }, processes: 3 });
    const printed = await deployment.up();
    const requests = await Promise.all(loops.map((loop) => loop.stop()));
    expect(printed).toMatch(/reloaded uWSGI: options changed/);
    expect(printed).not.toMatch(/backed up|migration/);
    expect(requests.flatMap(({ failures }) => failures)).toEqual([]);
    expect(await service()).toMatch(/\n3$/);
    expect(await release()).toBe(before);
  });

  it("that does not answer is never switched to, nor its service's options, and is refused again", async () => {
    const before = await release();
    const serviceBefore = await service();
    setUwsgi({ environment: { SEASON: "spring" }, processes: 2 });
    await edit("roasted/views.py", (text) =>
      text.replace(
        'return JsonResponse({"status"',
        'raise RuntimeError("out of order")\n    return JsonResponse({"status"',
      ),
    );
    for (const attempt of ["first", "second"]) {
      const printed = diagnostics(await deployment.upFails());
      expect(printed, attempt).toMatch(/out of order/);
      expect(printed, attempt).toMatch(/\/healthz\/ answers with status 500/);
      expect(await release(), attempt).toBe(before);
      expect(await service(), attempt).toBe(serviceBefore);
      expect(await page("/healthz/"), attempt).toMatchObject({ status: 200 });
    }
    await restore("roasted/views.py");
  });

  it("that fails only in the service goes back with its options, and the old one runs", async () => {
    const before = await release();
    const serviceBefore = await service();
    setUwsgi({ environment: { SEASON: "spring" }, pidFile: "/run/seasons/uwsgi.pid" });
    const version = (await page("/about/")).text;
    await edit(
      "tracks/wsgi.py",
      (text) =>
        // The trial has no counters; the service has.
        `${text}\ntry:\n    import uwsgi\nexcept ImportError:\n    uwsgi = None\nif uwsgi and "stats" in uwsgi.opt:\n    raise RuntimeError("out of order as a service")\n`,
    );
    const printed = diagnostics(await deployment.upFails());
    expect(printed).toMatch(
      /RuntimeError: out of order as a service\n[^]*uWSGI does not run with the change: unable to load app 0/,
    );
    expect(printed).toMatch(/this run's changes were undone/);
    expect(await release()).toBe(before);
    expect((await page("/about/")).text).toBe(version);
    expect(await service()).toBe(serviceBefore);
    setUwsgi({ environment: { SEASON: "winter 2" }, processes: 3 });
    await restore("tracks/wsgi.py");
    await deployment.up();
  });

  it("that answers nginx with an error goes back, and the error has its log", async () => {
    const before = await release();
    await edit("roasted/views.py", (text) =>
      text.replace(
        'return JsonResponse({"status"',
        [
          "try:",
          "        import uwsgi",
          "    except ImportError:",
          "        uwsgi = None",
          '    if uwsgi and "stats" in uwsgi.opt:',
          '        print("error: the counter is closed", flush=True)',
          '        raise RuntimeError("out of order")',
          '    return JsonResponse({"status"',
        ].join("\n"),
      ),
    );
    const printed = diagnostics(await deployment.upFails());
    expect(printed).toMatch(
      /the counter is closed[^]*healthz\/ does not show the new release \(status 500, release [0-9a-f]{12}\): .*; see \/var\/log\/uwsgi\.log/,
    );
    expect(await release()).toBe(before);
    expect(await page("/healthz/")).toMatchObject({ status: 200 });
    await restore("roasted/views.py");
  });

  it("with requirements that can't be met leaves the site as it is", async () => {
    const before = await release();
    await edit("requirements.txt", (text) => `${text}\nno-such-package-of-ours==9.9\n`);
    const printed = diagnostics(await deployment.upFails());
    expect(printed).toMatch(
      /No matching distribution found for no-such-package-of-ours==9\.9\n[^]*can't build the virtualenv of \S+: the whole output is in \/home\/deployer\/venvs\/failed-pip\.log/,
    );
    expect(await release()).toBe(before);
    expect(await deployment.onHost("ls -d /home/deployer/venvs/*/ | wc -l")).toBe("1");
    await restore("requirements.txt");
  });

  it("whose migration fails is reported with what was applied and the path of the backup", async () => {
    const before = await release();
    const migration = (name: string, above: string, operations: string) =>
      writeFile(
        join(folder, `roasted/migrations/${name}.py`),
        "from django.db import migrations\n\n\n" +
          'def fail(apps, schema_editor):\n    raise RuntimeError("no such luck")\n\n\n' +
          `class Migration(migrations.Migration):\n    dependencies = [("roasted", "${above}")]\n` +
          `    operations = [${operations}]\n`,
      );
    await migration("0002_good", "0001_initial", 'migrations.RunSQL("create table kept (a int)")');
    await migration("0003_bad", "0002_good", "migrations.RunPython(fail)");
    const printed = diagnostics(await deployment.upFails());
    expect(printed).toMatch(/migrations that were applied, and stay applied: roasted\.0002_good/);
    const [, backup = ""] =
      /the backup of the database from before this run is (\S+)/.exec(printed) ?? [];
    expect(printed).toMatch(/manage\.py migrate fails.*no such luck/);
    expect(await deployment.onHost(`stat -c '%U %a' ${backup} $(dirname ${backup})`)).toMatch(
      /^deployer 600\ndeployer 700$/,
    );
    expect(await deployment.onHost(`sqlite3 ${backup} 'pragma integrity_check'`)).toBe("ok");
    expect(await release()).toBe(before);
    expect(await page("/healthz/")).toMatchObject({ status: 200 });
    await rm(join(folder, "roasted/migrations/0003_bad.py"));
    await deployment.up();
    expect(await page("/healthz/")).toMatchObject({ status: 200 });
  });

  it("keeps uploads over deployments that prune, and the last five releases", async () => {
    await deployment.onHost(
      "su deployer -c 'mkdir -p /microarray/tracks/media/uploads && echo precious >/microarray/tracks/media/uploads/file.txt'",
    );
    const key = () => deployment.onHost("sha256sum /microarray/shared/tracks/secret_key");
    const before = await key();
    // Whatever hides the running service, the new release is what is served.
    const hidden = {
      "3": "true",
      "4": "rm /run/uwsgi/uwsgi.pid",
      "5": "sed -i 1d /etc/systemd/system/uwsgi.service",
      "6": "rm /etc/uwsgi/tracks.ini",
    };
    for (const [version, hide] of Object.entries(hidden)) {
      await deployment.onHost(hide);
      await setVersion(version);
      await deployment.up();
      expect((await page("/about/")).text).toContain(`code ${version}, templates ${version}`);
    }
    expect(await releases()).toBe(5);
    expect(await deployment.onHost("cat /microarray/tracks/media/uploads/file.txt")).toBe(
      "precious",
    );
    expect(await key()).toBe(before);
    expect(
      await deployment.onHost(
        "stat -c '%U %a' /microarray/shared/tracks/secret_key /microarray/shared/tracks/local.py",
      ),
    ).toBe("deployer 400\ndeployer 400");
  });

  it("names everything in its source that can't work, at once", async () => {
    await rm(join(folder, "requirements.txt"));
    await edit("tracks/wsgi.py", () => "application = None\n");
    const printed = diagnostics(await deployment.upFails());
    expect(printed).toMatch(
      /wsgi\.py sets no DJANGO_SETTINGS_MODULE[^]*there is no requirements\.txt/,
    );
    await restore("requirements.txt");
    await restore("tracks/wsgi.py");
  });

  it("gives back the checkout on destroy, and keeps data, secret key and backups", async () => {
    await mkdir(join(folder, "empty"), { recursive: true });
    await deployment.succeed("destroy", "--yes", "--skip-preview", "--run-program");
    expect(await deployment.onHost("cat /microarray/tracks/views.py")).toBe("a local change");
    expect(await deployment.onHost("ls /microarray/shared/tracks")).toMatch(
      /db\.sqlite3\nmedia\nsecret_key/,
    );
    expect(await deployment.onHost("ls /microarray/backups/tracks")).toMatch(/Z-deploy-/);
  });
});
