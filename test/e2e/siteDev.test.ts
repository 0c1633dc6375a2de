import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeKey, readPublicKey } from "../../dev/lab/keys";
import { shellBlock } from "../pages";
import { checksums, expectedChecksums, loadedModels } from "../sampleDump";
import { count, diagnostics } from "./diagnostics";
import { manage, SampleSite } from "./sampleSite";
import { type SshAgent, startSshAgent } from "./sshAgent";

/** The whole site as for development; then the same stack in production, by nothing but its configuration. */
describe("the site of a dev stack", () => {
  let site: SampleSite;
  let uploaded: string;
  const onHost = (command: string) => site.deployment.onHost(command);
  const database = () =>
    site.asDeployer(
      `${manage} shell -c "from django.db import connection as c; print(c.vendor, c.settings_dict['NAME'])" </dev/null`,
    );

  let agent: SshAgent;

  beforeAll(async () => {
    site = await SampleSite.create("site-dev", { production: "false", agent: "true" });
    const { environment, folder, host } = site.deployment;
    agent = await startSshAgent(join(folder, "agent"), host.identityFile);
    environment["SSH_AUTH_SOCK"] = agent.socket;
    await site.up();
  });
  afterAll(async () => {
    await site.dispose();
    await agent.stop();
  });

  it("serves the old data from sqlite, without PRODUCTION in any environment", async () => {
    expect((await site.ask("/healthz/")).body).toContain('"targets": 14');
    const { environment, ids } = await site.worker();
    expect(environment).not.toHaveProperty("PRODUCTION");
    expect(ids[0]).toBe(Number(await onHost("id -u deployer")));
    expect(await site.asDeployer('echo "${PRODUCTION-none}"')).toBe("none");
    expect(await database()).toMatch(/^sqlite /);
    expect(await onHost("readlink -f /microarray/tracks/db.sqlite3")).toBe(
      "/microarray/shared/tracks/db.sqlite3",
    );
    expect(checksums(await site.rows(...loadedModels))).toEqual(expectedChecksums());
    expect(await onHost("pgrep -x postmaster || pgrep -x postgres || echo none")).toBe("none");
  });

  it("takes uploads and is left alone by the second up", async () => {
    uploaded = await site.upload("notes.txt", "from dev");
    expect(await site.ask(uploaded)).toMatchObject({ status: 200, body: "from dev" });
    expect(await site.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });

  it("becomes a production site on PostgreSQL, where the old data is loaded too", async () => {
    await site.deployment.set("production", "true");
    await site.up();
    expect((await site.ask("/healthz/")).body).toContain('"targets": 14');
    expect((await site.worker()).environment).toHaveProperty("PRODUCTION", "1");
    expect(await site.asDeployer('echo "$PRODUCTION"')).toBe("1");
    expect(await database()).toBe("postgresql tracks");
    expect(checksums(await site.rows(...loadedModels))).toEqual(expectedChecksums());
    expect(await site.ask(uploaded)).toMatchObject({ status: 200, body: "from dev" });
    expect(await site.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });

  it("has PRODUCTION=1 in its own login shells then, and nobody else's", async () => {
    // Only production's settings refuse a name that is not among the allowed ones.
    expect((await site.deployment.get("/healthz/")).status).toBe(400);
    expect(await onHost("bash -lc 'echo ${PRODUCTION-unset}'")).toBe("unset");
    // The way the notes debug: dev's settings, on the same file.
    expect(
      await site.asDeployer(
        "cd /microarray/tracks && env -u PRODUCTION ~/venv/bin/python manage.py check </dev/null",
      ),
    ).toContain("no issues");
  });

  it("lets nobody but its user read key and settings", async () => {
    const read = (file: string) =>
      onHost(`su -s /bin/sh nobody -c 'cat /microarray/shared/tracks/${file}' 2>&1 || true`);
    expect(await read("secret_key")).toMatch(/Permission denied/);
    expect(await read("local.py")).toMatch(/Permission denied/);
  });

  it("has local settings that were edited put right, and uWSGI reloaded with them", async () => {
    const workers = () => onHost("pgrep -u deployer -f uwsgi | sort");
    const before = await workers();
    await onHost("echo 'ALLOWED_HOSTS = []' >>/microarray/shared/tracks/local.py");
    expect(await site.up()).toMatch(/reloaded uWSGI/);
    expect(await workers()).not.toBe(before);
    expect((await site.ask("/healthz/")).status).toBe(200);
  });

  it("comes back from its archive, copied once more, when somebody removed the release", async () => {
    const release = () => onHost("readlink /microarray/tracks");
    const before = await release();
    // Nothing but the mark of who made it: what was copied was taken.
    expect(await onHost("ls -A ~root/.tracks/*")).toBe(".made-first");
    await onHost(`rm -r /microarray/${before}`);
    await site.up();
    expect(await release()).toBe(before);
    expect((await site.ask("/healthz/")).status).toBe(200);
    expect(await site.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });

  describe("looked at by the login of docs/ci.md", () => {
    const script = "/usr/local/libexec/tracks/tracks.site-dev";
    let previews: SshAgent;

    beforeAll(async () => {
      const key = join(site.deployment.folder, "previews");
      await makeKey("ed25519", key, "previews");
      previews = await startSshAgent(`${key}.agent`, key);
      await onHost(
        shellBlock("docs/ci.md", "useradd --no-create-home", {
          "PUBLIC-KEY": await readPublicKey(key),
          "tracks.production": "tracks.site-dev",
        }),
      );
    });
    afterAll(() => previews.stop());

    /** Runs pulumi with what a job of its previews has. */
    async function asPreviews(...args: string[]) {
      const { environment } = site.deployment;
      environment["TRACKS_PREVIEW_USER"] = "previews";
      environment["SSH_AUTH_SOCK"] = previews.socket;
      try {
        return await site.deployment.pulumi(...args);
      } finally {
        delete environment["TRACKS_PREVIEW_USER"];
        environment["SSH_AUTH_SOCK"] = agent.socket;
      }
    }
    /** What a preview shows of each resource, and what it writes as its plan. */
    async function shown(run: (...args: string[]) => Promise<{ exitCode: number; text: string }>) {
      const plan = join(site.deployment.folder, "plan.txt");
      site.deployment.environment["TRACKS_PLAN_OUT"] = plan;
      const { exitCode, text } = await run("preview", "--json");
      delete site.deployment.environment["TRACKS_PLAN_OUT"];
      expect(exitCode, text).toBe(0);
      const { steps, diagnostics: said = [] } = JSON.parse(text) as {
        steps: { op: string; urn: string }[];
        diagnostics?: { severity: string; message: string }[];
      };
      const warnings = said.filter(({ severity }) => severity !== "info");
      return {
        operations: new Set(steps.map(({ op }) => op)),
        ...{ steps, warnings, plan: await readFile(plan, "utf8") },
      };
    }

    it("is previewed as by its own login, unchanged, and nothing on the host changes", async () => {
      const own = await shown((...args) => site.deployment.pulumi(...args));
      await onHost("touch /run/before; cp -a /var/lib/tracks /run/kept");
      const theirs = await shown(asPreviews);
      expect(theirs).toEqual(own);
      expect(theirs.operations).toEqual(new Set(["same"]));
      expect(theirs.plan).toMatch(/^drift\nconflicts\nmissing packages\n/m);
      const changed = await onHost(
        "diff -r /run/kept /var/lib/tracks && find /etc /usr /home /root /microarray /var/lib/pgsql/data/*.conf -newer /run/before ! -path '*/log/*'",
      );
      expect(changed).toBe("");
      expect(await onHost("grep -c 'Accepted publickey for previews' /var/log/secure")).not.toBe(
        "0",
      );
    });

    it("gives sudo nothing but looks of the installed script", async () => {
      const look = `${script} look login=root`;
      const asLogin = (command: string) =>
        onHost(`su previews -c 'cd / && ${command}' 2>&1 && echo allowed || echo refused`);
      expect(await asLogin(`sudo -n ${look}`)).toMatch(/^preflight complete\nallowed$/m);
      for (const command of [
        ...[script, `${script} look`, `${script} apply x`, `${script} survey login=root`],
        ...[`${script} probe`, `${script} status`, `${script} resolve user=deployer`],
        ...[`${script} --scope tracks.site-dev look login=root`, "bash", "true", `bash ${look}`],
        ...[`TRACKS_ROOT=/tmp ${look}`, `-E TRACKS_ROOT=/tmp ${look}`, `-u postgres ${look}`],
      ]) {
        const said = await asLogin(`sudo -n ${command}`);
        expect(said, command).toMatch(/^(sudo: |Sorry, user )/m);
        expect(said, command).toMatch(/^refused$/m);
      }
      // What sudo takes over of the login's variables means nothing to the script.
      const variables = "TRACKS_ROOT=/tmp TRACKS_SCOPE=tracks.other HOME=/tmp LANG=x";
      expect(await asLogin(`env ${variables} sudo -n ${look}`)).toMatch(/^ok nginx-/m);
      const refused = await asLogin(`sudo -n ${look} want="package /tmp/x.rpm"`);
      expect(refused).toMatch(/^look accepts user=NAME[^]*\nrefused$/);
      // Else a core of root could be written into a folder of that login's choice.
      expect(await asLogin("ulimit -c unlimited")).toMatch(/\nrefused$/);
    });

    it("is not deployed by it, after the preview that pulumi up begins with", async () => {
      const before = await onHost("cat /var/lib/tracks/audit.log");
      const { exitCode, text } = await asPreviews("up", "--yes");
      expect(exitCode, text).not.toBe(0);
      expect(count(diagnostics(text), "nothing but in a preview"), text).toBe(1);
      expect(count(diagnostics(text), "error: "), text).toBe(1);
      expect(await onHost("cat /var/lib/tracks/audit.log")).toBe(before);
    });

    it("says that its script is another one, or that there is none", async () => {
      await onHost(`cp -p ${script} /run/script; echo '# another version' >>${script}`);
      const other = await asPreviews("preview");
      await onHost(`rm ${script}`);
      const none = await asPreviews("preview");
      await onHost(`cp -p /run/script ${script}`);
      expect(other.exitCode, other.text).toBe(0);
      expect(diagnostics(other.text)).toContain("script is of another version than this program");
      expect(none.exitCode, none.text).not.toBe(0);
      expect(diagnostics(none.text)).toMatch(
        /The host has no script [^]*once, with the stack's own/,
      );
    });
  });

  it("keeps its data when it is destroyed, and the next up adopts them", async () => {
    await site.pulumi("destroy", "--yes", "--skip-preview", "--run-program");
    await expect(site.ask("/healthz/")).rejects.toThrow(/ECONNREFUSED|EHOSTUNREACH/);
    expect(await site.sql("SELECT count(*) FROM roasted_target")).toBe("14");
    const printed = await site.up();
    expect(printed).toMatch(/already loaded at /);
    expect(checksums(await site.rows(...loadedModels))).toEqual(expectedChecksums());
    expect(await site.ask(uploaded)).toMatchObject({ status: 200, body: "from dev" });
    expect(await site.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });

  it("goes back to sqlite, whose data stayed, and leaves PostgreSQL's", async () => {
    await site.deployment.set("production", "false");
    await site.up();
    expect((await site.worker()).environment).not.toHaveProperty("PRODUCTION");
    expect(await database()).toMatch(/^sqlite /);
    expect(checksums(await site.rows(...loadedModels))).toEqual(expectedChecksums());
    expect(await site.sql("SELECT count(*) FROM roasted_target")).toBe("14");
  });
});
