import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Deployment } from "./deployment";

const sample = join(__dirname, "../../sample/tracks");

describe("an application from a local folder", () => {
  let deployment: Deployment;
  let source: string;

  beforeAll(async () => {
    source = await mkdtemp(join(tmpdir(), "tracks-source-"));
    await cp(sample, source, { recursive: true });
    deployment = await Deployment.create("application", {
      program: "test/e2e/programs/application.ts",
    });
    await deployment.set("serverNames", '["tracks.test"]');
    deployment.environment["TRACKS_TEST_SOURCE"] = source;
  });
  afterAll(async () => {
    await deployment.dispose();
    await rm(source, { recursive: true, force: true });
  });

  it("is fetched, built, migrated and switched to", async () => {
    const printed = await deployment.up();
    expect(printed).toMatch(/applied migration roasted\.0001_initial/);
    const release = await deployment.onHost("readlink /microarray/tracks");
    expect(release).toMatch(/^releases\/tracks\/[0-9a-f]{12}$/);
    expect(await deployment.onHost("readlink /home/deployer/venv")).toMatch(
      /^venvs\/[0-9a-f]{12}$/,
    );
    expect(await deployment.onHost("stat -Lc '%U %a' /microarray/tracks/manage.py")).toBe(
      "deployer 755",
    );
    expect(await deployment.onHost("ls /microarray/tracks/staticfiles")).toContain("roasted");
    expect(await deployment.onHost("stat -c '%U %a' /microarray/shared/tracks/db.sqlite3")).toMatch(
      /^deployer /,
    );
  });

  it("is left alone by the second up", async () => {
    expect(await deployment.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });

  it("is deployed anew when a file of it changed, beside the old release", async () => {
    const before = await deployment.onHost("readlink /microarray/tracks");
    await writeFile(join(source, "roasted/version.py"), 'VERSION = "2.0.0"\n');
    await deployment.up();
    expect(await deployment.onHost("readlink /microarray/tracks")).not.toBe(before);
    expect(await deployment.onHost("cat /microarray/tracks/roasted/version.py")).toContain("2.0.0");
    expect(await deployment.onHost(`cat /microarray/${before}/roasted/version.py`)).toContain(
      "1.0.0",
    );
  });
});
