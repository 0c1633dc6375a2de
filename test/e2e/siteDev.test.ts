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
