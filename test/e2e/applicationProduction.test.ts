import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Deployment } from "./deployment";

describe("an application in production", () => {
  let deployment: Deployment;
  const release = () => deployment.onHost("readlink /microarray/tracks");
  const ask = () =>
    deployment.onHost(
      "curl -s -o /dev/null -w '%{http_code}' -H 'Host: tracks.test' http://127.0.0.1/healthz/",
    );

  beforeAll(async () => {
    deployment = await Deployment.create("application-production", {
      program: "test/e2e/programs/application.ts",
    });
    await deployment.set("serverNames", '["tracks.test"]');
    deployment.environment["TRACKS_TEST_APPLICATION"] = JSON.stringify({
      folder: join(__dirname, "../../sample/tracks"),
      production: true,
    });
    await deployment.up();
  });
  afterAll(() => deployment.dispose());

  it("has PRODUCTION=1 in its service and in its own login shells, and nobody else's", async () => {
    // Only production's settings refuse a name that is not among the allowed ones.
    expect((await deployment.get("/healthz/")).status).toBe(400);
    expect(await deployment.onHost("su - deployer -c 'echo ${PRODUCTION-unset}'")).toBe("1");
    expect(await deployment.onHost("bash -lc 'echo ${PRODUCTION-unset}'")).toBe("unset");
    expect(await ask()).toContain("200");
    // The way the notes debug: dev's settings, on the same file.
    expect(
      await deployment.onHost(
        "su - deployer -c 'cd /microarray/tracks && env -u PRODUCTION ~/venv/bin/python manage.py check'",
      ),
    ).toContain("no issues");
  });

  it("lets nobody but its user read key and settings", async () => {
    const read = (file: string) =>
      deployment.onHost(
        `su -s /bin/sh nobody -c 'cat /microarray/shared/tracks/${file}' 2>&1 || true`,
      );
    expect(await read("secret_key")).toMatch(/Permission denied/);
    expect(await read("local.py")).toMatch(/Permission denied/);
  });

  it("has local settings that were edited put right, and uWSGI reloaded with them", async () => {
    const workers = () => deployment.onHost("pgrep -u deployer -f uwsgi | sort");
    const before = await workers();
    await deployment.onHost("echo 'ALLOWED_HOSTS = []' >>/microarray/shared/tracks/local.py");
    expect(await deployment.up()).toMatch(/reloaded uWSGI/);
    expect(await workers()).not.toBe(before);
    expect(await ask()).toContain("200");
  });

  it("comes back from its archive, copied once more, when somebody removed the release", async () => {
    const before = await release();
    // Nothing but the mark of who made it: what was copied was taken.
    expect(await deployment.onHost("ls -A ~root/.tracks/*")).toBe(".made-first");
    await deployment.onHost(`rm -r /microarray/${before}`);
    await deployment.up();
    expect(await release()).toBe(before);
    expect(await ask()).toContain("200");
    expect(await deployment.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });
});
