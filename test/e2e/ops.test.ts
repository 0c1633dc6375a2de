import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ServiceEvent } from "../../commands/ops/services";
import type { SiteStatus } from "../../commands/ops/status";
import { ops } from "./opsProgram";
import { SampleSite } from "./sampleSite";

/** The verbs of `npm run ops`, on a host that asks for a password at sudo. */
describe("npm run ops", () => {
  let site: SampleSite;
  const run = (...words: string[]) => ops(site.deployment, ...words);
  const onHost = (command: string) => site.deployment.onHost(command);

  beforeAll(async () => {
    site = await SampleSite.create("ops", { hostUser: "operator" });
    await site.up();
  });
  afterAll(() => site.dispose());

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
    expect(await onHost("tail -n 4 /var/lib/tracks/audit.log")).toMatch(
      /tracks\.ops\/services operated started nginx/,
    );
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
      what: "nginx does not run",
      fix: "npm run ops -- start nginx --stack ops",
    });
    expect(found.drift.map(({ reason }) => reason).join()).toContain("service nginx");
    expect(await run("start")).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^uwsgi runs already\nstarted nginx \(master /) as string,
    });
    expect((await site.ask("/healthz/")).status).toBe(200);
  });
});
