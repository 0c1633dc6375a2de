import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checksums, expectedChecksums, loadedModels } from "../sampleDump";
import { manage, SampleSite } from "./sampleSite";

/** The whole site as for development; then the same stack in production, by nothing but its configuration. */
describe("the site of a dev stack", () => {
  let site: SampleSite;
  let uploaded: string;
  const onHost = (command: string) => site.deployment.onHost(command);
  const database = () =>
    site.asDeployer(
      `${manage} shell -c "from django.db import connection as c; print(c.vendor, c.settings_dict['NAME'])" </dev/null`,
    );

  beforeAll(async () => {
    site = await SampleSite.create("site-dev", { production: "false" });
    await site.up();
  });
  afterAll(() => site.dispose());

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
