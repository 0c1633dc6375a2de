import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lockDirectories } from "../../commands/recover/stackLock";
import { Deployment, type Printed } from "./deployment";

const root = join(__dirname, "..", "..");

/** A deployment whose engine is killed halfway, and what brings it back. */
describe("a killed deployment", () => {
  let deployment: Deployment;
  let whileAlive: Printed;
  let afterDeath: Printed;

  beforeAll(async () => {
    deployment = await Deployment.create("recover");
    await deployment.set("serverNames", '["tracks.example.org"]');
    const engine = startUp(deployment);
    let printed = "";
    engine.all.on("data", (chunk: Buffer) => (printed += chunk.toString()));
    while (!/ packages\S* .*creating/.test(printed)) {
      if (engine.exitCode !== null || engine.signalCode !== null)
        throw new Error(`pulumi up ended too early:\n${printed}`);
      await sleep(50);
    }
    // Not in the middle of a write of its state: another test is about that.
    await sleep(500);
    // It lives, and stays in the middle however long the other one takes.
    engine.kill("SIGSTOP");
    whileAlive = await recover(deployment);
    expect(engine.exitCode).toBeNull();
    engine.kill("SIGKILL");
    await engine;
    afterDeath = await recover(deployment);
  });
  afterAll(() => deployment.dispose());

  it("is left alone while it runs", () => {
    expect(whileAlive.exitCode).toBe(1);
    expect(whileAlive.text).toMatch(
      /The stack is locked\n\s+found: +process \d+ .*, still running\n\s+fix: +wait/,
    );
    expect(whileAlive.text).not.toContain("plugins");
  });

  it("is recovered with one command", async () => {
    expect(afterDeath.exitCode, afterDeath.text).toBe(0);
    expect(afterDeath.text).toMatch(/lock +held by process \d+ of \S+, which is dead/);
    expect(afterDeath.text).toContain("the stack is free again");
    expect(afterDeath.text).toContain("pulumi up --stack recover");
    for (const directory of await locks(deployment)) {
      expect(await readdir(directory).catch(() => [])).toEqual([]);
    }
    expect(await deployment.state()).not.toMatch(/"pending_operations"/);
  });

  it("shows no secret", () => {
    expect(afterDeath.text).not.toContain(deployment.host.secrets.deployerPassword);
  });

  it("is completed by the next up, without a warning", async () => {
    const text = await deployment.up();
    expect(text).not.toMatch(/warning|pending/i);
    const response = await deployment.get("/robots.txt");
    expect(await response.text()).toBe("User-agent: *\nDisallow: /\n");
  });

  it("leaves nothing to do for the one after", async () => {
    const text = await deployment.up();
    expect(text).not.toMatch(/warning/i);
    expect(text).toMatch(/Resources:\n\s+\d+ unchanged\n/);
    expect(await deployment.onHost("ls /var/lib/tracks/journal /var/lib/tracks/work")).not.toMatch(
      /^[a-z]+$/m,
    );
  });

  it("is undone on the host when it died there too, and then completed", async () => {
    const sites = () => deployment.onHost("cat /etc/nginx/sites-available/*");
    const before = await sites();
    expect(before).toContain("tracks.example.org");
    await deployment.set("serverNames", '["other.example.org"]');
    // The brackets keep the pattern from matching the command that looks for it.
    const run = "/usr/local/libexec/tracks/tracks.recover [a]pply nginx";
    // Stops the script when the new files are in place, and nginx is about to take them.
    await deployment.onHost(
      "setsid bash -c 'until grep -qs ^reload /var/lib/tracks/journal/nginx/steps; do :; done; " +
        `pkill -STOP -f "${run}"; touch /run/stopped' >/dev/null 2>&1 </dev/null &`,
    );
    const engine = startUp(deployment);
    await deployment.onHost("timeout 60 sh -c 'until test -e /run/stopped; do sleep 0.1; done'");
    engine.kill("SIGKILL");
    await engine;
    await deployment.onHost(`pkill -KILL -f "${run}"`);
    expect(await sites()).toContain("other.example.org");

    const { exitCode, text } = await recover(deployment);
    expect(exitCode, text).toBe(0);
    expect(text).toMatch(/undid the interrupted run of tracks\.recover\/nginx-/);
    expect(await sites()).toBe(before);

    // The site, which has nothing of its own on the host, may be of the killed run by then.
    expect(await deployment.up()).toMatch(/[12] updated/);
    expect(await sites()).toContain("other.example.org");
    expect(await deployment.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });

  it("has nothing to recover any more", async () => {
    const { exitCode, text } = await recover(deployment);
    expect(exitCode, text).toBe(0);
    expect(text).toMatch(/lock +nobody holds the stack/);
    expect(text).toContain("nothing was interrupted");
  });
});

/** Starts an `up` that the test ends itself. */
function startUp(deployment: Deployment) {
  return execa("pulumi", ["up", "--yes", "--skip-preview", "--color", "never"], {
    cwd: deployment.folder,
    env: deployment.environment,
    stdin: "ignore",
    all: true,
    reject: false,
  });
}

/** What `npm run recover -- --stack recover` runs, in the deployment's own folder. */
async function recover(deployment: Deployment): Promise<Printed> {
  const program = [join(root, "commands", "bootstrap.mjs"), "commands/recover/cli.ts"];
  const result = await execa("node", [...program, "--stack", deployment.stack], {
    cwd: deployment.folder,
    env: deployment.environment,
    stdin: "ignore",
    all: true,
    reject: false,
  });
  return { exitCode: result.exitCode ?? 1, text: result.all };
}

async function locks(deployment: Deployment): Promise<string[]> {
  const backend = deployment.environment["PULUMI_BACKEND_URL"] ?? "";
  const directories = await lockDirectories(backend, "tracks", deployment.stack);
  if (directories === undefined) throw new Error(`no file backend: ${backend}`);
  return directories;
}
