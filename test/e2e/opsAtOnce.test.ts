import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SiteStatus } from "../../commands/ops/siteStatus";
import { Deployment } from "./deployment";
import { startOps } from "./opsProgram";

/** A verb beside another one, or beside a deployment, with a login for which sudo asks a password. */
describe("two verbs at once", () => {
  let deployment: Deployment;
  const run = (...words: string[]) => startOps(deployment, words);
  const onHost = (command: string) => deployment.onHost(command);
  const audited = () => onHost("grep -c ' restarted nginx ' /var/lib/tracks/audit.log || true");
  const lock = "/run/tracks/lock.nginx";

  /** Takes nginx's lock, as a run has it; the process to end. */
  const hold = () =>
    onHost(
      `setsid flock -o ${lock} sleep 120 >/dev/null 2>&1 & while flock -n -s ${lock} true; do sleep 0.1; done; echo $!`,
    );
  /** A verb, once it has said that it waits. */
  async function waiting(...words: string[]) {
    const verb = run(...words);
    let said = "";
    verb.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await expect.poll(() => said, { timeout: 60_000 }).toContain("waiting: nginx is locked by ");
    // Not the verb itself: that would be its end.
    return { verb };
  }

  beforeAll(async () => {
    deployment = await Deployment.create("at-once", { program: "test/e2e/programs/site.ts" });
    await deployment.set("serverNames", '["at-once.example.org"]');
    await deployment.set("hostUser", "operator");
    await deployment.up();
  });
  afterAll(() => deployment.dispose());

  it("restart nginx one after the other, each proven", async () => {
    const both = await Promise.all([run("restart"), run("restart")]);
    for (const { exitCode, stdout, stderr } of both) {
      expect({ exitCode, stdout }, stderr).toEqual({
        exitCode: 0,
        stdout: expect.stringMatching(/^restarted nginx \(master \d+, workers [\d ]+\)$/) as string,
      });
    }
    expect(new Set(both.map(({ stdout }) => stdout)).size).toBe(2);
    expect(await audited()).toBe("2");
  });

  it("say for which run they wait, which status names", async () => {
    const holder = await hold();
    const { verb: restarting } = await waiting("restart", "--json");
    const { stdout } = await run("status", "--json");
    expect((JSON.parse(stdout) as SiteStatus).changing).toEqual([
      { subsystem: "nginx", by: expect.stringMatching(/^pid \d+ \(operate /) as string },
    ]);
    await onHost(`kill ${holder}`);
    const { exitCode, stdout: events } = await restarting;
    expect(exitCode).toBe(0);
    expect(JSON.parse(events)).toMatchObject([{ what: "restarted", service: "nginx" }]);
  });

  it("are taken back by Ctrl-C while they wait", async () => {
    const before = await audited();
    const holder = await hold();
    const { verb: restarting } = await waiting("restart");
    restarting.kill("SIGINT");
    await restarting;
    await onHost(`kill ${holder}`);
    await expect
      .poll(() => onHost("pgrep -af '[o]perate restart' || echo nothing"))
      .toBe("nothing");
    expect(await audited()).toBe(before);
  });

  it("go well beside pulumi up", async () => {
    await deployment.set("serverNames", '["at-once.example.org", "other.example.org"]');
    const holder = await hold();
    const { verb: restarting } = await waiting("restart");
    const deploying = deployment.up();
    await expect
      .poll(() => onHost("pgrep -af '[t]racks.at-once apply nginx' || true"), { timeout: 60_000 })
      .not.toBe("");
    await onHost(`kill ${holder}`);
    expect((await restarting).exitCode).toBe(0);
    expect(await deploying).toMatch(/\d updated/);
    expect(await deployment.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
    expect(await run("status")).toMatchObject({ exitCode: 0 });
  });
});
