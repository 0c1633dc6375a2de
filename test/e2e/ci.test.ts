import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, parseDocument } from "yaml";
import type { CiResult } from "../../commands/ci/result";
import { request } from "../../dev/demo/request";
import { down, exec, type LabHost, up } from "../../dev/lab/host";
import { makeKey, readPublicKey } from "../../dev/lab/keys";
import { cacheFolder } from "../../dev/toolchain/cacheFolder";
import { ensureToolchain } from "../../dev/toolchain/toolchain";
import { shellBlock } from "../pages";
import { temporaryFolder } from "../temporaryFolder";
import { type Bucket, buildBucketServer, canBuildBucketServer, startBucket } from "./bucket";
import { cloneInto } from "./clone";

const root = join(__dirname, "../..");

interface Step {
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>>;
}

/**
 * The pipeline's scripts as a runner calls them: on a fresh clone, step by step as GitHub's workflows have them,
 * with nothing but what a step names.
 */
describe("the scripts of ci/", () => {
  const folder = temporaryFolder("ci", afterAll);
  const [deploy = "", preview = "", drift = "", takeDown = ""] = shellBlock(
    "docs/ci.md",
    "ci/lab dev ci/deploy",
  )
    .trimEnd()
    .split("\n");
  const runner: Record<string, string> = {
    ...{ PATH: process.env["PATH"] ?? "", HOME: join(folder, "home"), TMPDIR: folder },
    // What this machine has already is not built again.
    TRACKS_CACHE: cacheFolder(),
  };
  /** What expressions of the workflows stand for. */
  const values: Record<string, string> = {
    "secrets.PULUMI_ACCESS_TOKEN": "",
    "secrets.PULUMI_CONFIG_PASSPHRASE": "a passphrase of the tests",
    // Of a stack whose login is by an agent.
    "secrets.TRACKS_SSH_KEY": "",
    "vars.TRACKS_PREVIEW_USER": "",
    "vars.PULUMI_BACKEND_URL": `file://${join(folder, "backend")}`,
    "github.token": "ghs_token",
    "github.event.number": "7",
    "github.event.pull_request.head.sha": "c".repeat(40),
    "inputs.pull_request": "7",
    "inputs.commit": "a".repeat(40),
  };
  /** What was written to GitHub: method, path and text. */
  const written: string[] = [];
  const github = createServer((call, answer) => {
    void textOf(call).then((body) => {
      if (call.method !== "GET") written.push(`${call.method} ${call.url} ${body}`);
      answer.end("[]");
    });
  });
  let secrets: string[] = [];
  let planOfDev: string;
  let production: LabHost;

  async function run(line: string, variables: Record<string, string> = {}, input?: string) {
    const { exitCode, all } = await execa("bash", ["-e", "-c", line], {
      ...{ cwd: folder, extendEnv: false, env: { ...runner, ...variables } },
      ...{ all: true, reject: false },
      ...(input === undefined ? { stdin: "ignore" } : { input }),
    });
    return { exitCode, text: all };
  }
  const read = (file: string) => readFile(join(folder, "ci-results", file), "utf8");
  const result = async () => JSON.parse(await read("result.json")) as CiResult;

  /** Jobs whose steps were run. */
  const jobsRun = new Set<string>();
  const workflow = async (file: string) =>
    parse(await readFile(join(root, ".github/workflows", file), "utf8")) as Workflow;

  /** Runs the `run` steps of a job, which must all end with 0, and returns what each printed. */
  async function job(
    file: string,
    name: string,
    { more = {}, between }: { more?: Record<string, string>; between?: () => Promise<void> } = {},
  ): Promise<string[]> {
    jobsRun.add(`${file} ${name}`);
    const steps = (await workflow(file)).jobs[name]?.steps.filter((step) => step.run) ?? [];
    expect(steps.length, `${file} ${name}`).toBeGreaterThan(0);
    const printed: string[] = [];
    for (const { run: line = "", env = {} } of steps) {
      if (printed.length === 1) await between?.();
      const output = join(folder, "output");
      await rm(output, { force: true });
      const variables = Object.entries(env).map(([variable, value]) => [variable, filled(value)]);
      const { exitCode, text: shown } = await run(line, {
        ...more,
        ...{ GITHUB_OUTPUT: output, GITHUB_REPOSITORY: "example/tracks" },
        GITHUB_API_URL: `http://127.0.0.1:${(github.address() as AddressInfo).port}`,
        ...(Object.fromEntries(variables) as Record<string, string>),
      });
      expect(exitCode, `${line}\n${shown}`).toBe(0);
      printed.push(shown);
      await takeOutputs(output);
    }
    return printed;
  }
  const filled = (value: string) =>
    value.replace(/\$\{\{ (\S+) \}\}/g, (_, expression: string) => {
      const given = values[expression];
      if (given === undefined) throw new Error(`no value for ${expression}`);
      return given;
    });

  /** What the step hands on, as the jobs after it name that. */
  async function takeOutputs(file: string): Promise<void> {
    const text = await readFile(file, "utf8").catch(() => "");
    const [, , summary] = /^summary<<(\w+)\n([^]*)^\1$/m.exec(text) ?? [];
    const [, plan] = /^plan=(.*)$/m.exec(text) ?? [];
    if (summary === undefined) return;
    values["needs.preview.outputs.summary"] = summary;
    values["needs.preview.outputs.plan"] = plan ?? "";
  }

  /** The result's files have no secret, nor has what the script printed. */
  async function expectNoSecret(...printed: string[]): Promise<void> {
    expect(secrets.length).toBeGreaterThan(0);
    const files = ["result.json", "junit.xml", "summary.md", "plan.txt"];
    const texts = await Promise.all(files.map((file) => read(file).catch(() => "")));
    for (const text of [...printed, ...texts]) {
      for (const secret of secrets) expect(text.includes(secret)).toBe(false);
    }
  }

  async function set(stack: string, settings: Record<string, unknown>): Promise<void> {
    const file = join(folder, `Pulumi.${stack}.yaml`);
    const document = parseDocument(await readFile(file, "utf8"));
    for (const [key, value] of Object.entries(settings)) {
      if (value === undefined) document.deleteIn(["config", `tracks:${key}`]);
      else document.setIn(["config", `tracks:${key}`], value);
    }
    await writeFile(file, document.toString());
  }
  const dev = async () =>
    JSON.parse(await readFile(join(folder, ".lab/hosts/dev/host.json"), "utf8")) as LabHost;

  beforeAll(async () => {
    await cloneInto(folder);
    await symlink(join(root, "node_modules"), join(folder, "node_modules"));
    await mkdir(join(folder, "home"));
    await mkdir(join(folder, "backend"));
    process.env["TRACKS_LAB_DIR"] = join(folder, ".lab");
    await new Promise<void>((resolve) => github.listen(0, "127.0.0.1", resolve));
  });
  afterAll(async () => {
    github.close();
    await down("production");
    expect((await run(takeDown)).exitCode).toBe(0);
  });

  it("preview a pull request on dev as main has it, and comment", async () => {
    const [deployed = "", previewed = ""] = await job("pull-request.yml", "preview", {
      // As the checkout between the two does.
      between: async () => {
        secrets = Object.values((await dev()).secrets);
        const { state, changes } = await result();
        expect(state).toBe("done");
        expect(changes.map(({ resource }) => resource)).toContain("nginx");
        expect(await read("junit.xml")).toContain('classname="dev.create" name="nginx"');
        await set("dev", { workerConnections: 2048 });
      },
    });
    expect(await result()).toMatchObject({
      ...{ state: "pending", drift: [] },
      changes: [{ resource: "nginx", operation: "update" }],
    });
    await expectNoSecret(deployed, previewed);
    planOfDev = await read("plan.txt");
    await job("pull-request.yml", "comment");
    expect(written.splice(0)).toEqual([
      expect.stringMatching(
        /^POST \/repos\/example\/tracks\/issues\/7\/comments .*2048;.*Commit c{40}/,
      ),
    ]);
  });

  it("deploy and check dev, as docs/ci.md has it", async () => {
    const text = await readFile(join(root, ".github/workflows/deploy.yml"), "utf8");
    for (const line of [deploy, preview, drift]) expect(text).toContain(`- run: ${line}\n`);
    const printed = await job("deploy.yml", "dev");
    expect(await result()).toMatchObject({ command: "drift", state: "done", drift: [] });
    // The host has become what the plan says, which differs in what was applied before.
    const withoutBefore = (plan: string) => plan.replace(/^applied before\n(?: {2}.*\n)*/m, "");
    expect(await read("plan.txt")).not.toBe(planOfDev);
    expect(withoutBefore(await read("plan.txt"))).toBe(withoutBefore(planOfDev));
    expect(planOfDev).toMatch(/^manifest app-\w{6}\n {2}subsystem application\n/m);
    expect(printed.at(-1)).toContain("The site tracks.test is fine.");
    // eslint-disable-next-line no-control-regex -- colours begin with it
    expect(printed.join("")).not.toMatch(/\u001b\[/);
  });

  it("name what somebody changed by hand, and show none of it", async () => {
    await exec(await dev(), "echo '# by hand' >>/etc/nginx/nginx.conf");
    const { exitCode, text } = await run(drift);
    expect(exitCode, text).toBe(2);
    expect(await result()).toMatchObject({
      state: "pending",
      drift: [{ resource: "nginx", names: ["/etc/nginx/nginx.conf"] }],
    });
    const summary = await read("summary.md");
    expect(summary).toContain("### drift of dev: 1 difference on the host");
    expect(summary).toContain("- `/etc/nginx/nginx.conf` (`nginx`)");
    expect(summary + text).not.toContain("by hand");
  });

  it("fail with the reason where the host refuses, and the site serves on", async () => {
    await set("dev", { siteSnippet: "broken_directive on;" });
    const { exitCode, text } = await run(deploy);
    expect(exitCode, text).toBe(1);
    const { state, failure, restored } = await result();
    expect({ state, restored }).toEqual({ state: "failed", restored: true });
    expect(failure).toContain('unknown directive "broken_directive"');
    expect(await read("junit.xml")).toContain('failures="2"');
    expect(await read("summary.md")).toContain("### deploy of dev: failed, nothing is left");
    await expectNoSecret(text);
    const { address } = await dev();
    expect((await request(address, "tracks.test", "/healthz/")).status).toBe(200);
  });

  describe("for production", () => {
    const environment = Object.fromEntries(
      ["secrets.PULUMI_CONFIG_PASSPHRASE", "vars.PULUMI_BACKEND_URL"].map((expression) => [
        expression.replace(/^\w+\./, ""),
        values[expression] ?? "",
      ]),
    );

    let server: Promise<string> | undefined;
    let bucket: Bucket | undefined;

    beforeAll(async () => {
      // Once it is built, this takes no time.
      if (await canBuildBucketServer()) server = buildBucketServer();
      server?.catch(() => undefined);
      // The runner has the Pulumi CLI; here it is this machine's own.
      const [toolchain, host] = await Promise.all([ensureToolchain({}), up("production", {})]);
      production = host;
      Object.assign(runner, toolchain.env);
      // As docs/ci.md has a pipeline's stack: login and host's key are in it. A static page is enough.
      await writeFile(join(folder, "Pulumi.production.yaml"), "config: {}\n");
      const made = await run(
        [
          "pulumi stack init production",
          `pulumi config set --secret tracks:privateKey <${host.identityFile}`,
          "pulumi config set --secret tracks:deployerPassword 'correct horse'",
        ].join("\n"),
        environment,
      );
      expect(made.exitCode, made.text).toBe(0);
      const { address, port, hostKey } = host;
      await set("production", {
        ...{ host: address, hostPort: port, hostKey, serverNames: ["tracks.test"] },
      });
      // A part of a list that is a secret for its owner alone: Pulumi shows it in the manifest.
      const secretName = "owl-feather.tracks.test";
      const part = await run(
        `pulumi config set --stack production --secret --path 'tracks:serverNames[1]' ${secretName}`,
        environment,
      );
      expect(part.exitCode, part.text).toBe(0);
      const key = await readFile(host.identityFile, "utf8");
      secrets = ["correct horse", secretName, ...key.split("\n").slice(1, -2)];
    });

    afterAll(() => bucket?.stop());

    it("hand on no plan of a preview that could not reach the host", async () => {
      const { port } = production;
      await set("production", { hostPort: 1 });
      await job("deploy.yml", "preview");
      await set("production", { hostPort: port });
      const summary = await read("summary.md");
      expect(summary).toMatch(/^### preview of production: .*, nobody could look at the host$/m);
      expect(summary).toContain("This preview writes no plan");
      await expect(read("plan.txt")).rejects.toThrow(/ENOENT/);
      await expect(job("deploy.yml", "production")).rejects.toThrow(/TRACKS_CI_PLAN/);
      expect((await result()).failure).toMatch(/given: +nothing\n[^]*run ci\/preview again/);
    });

    it("refuse what is not what was previewed, and touch nothing", async () => {
      await job("deploy.yml", "preview");
      const plan = values["needs.preview.outputs.plan"];
      await expectNoSecret(await read("plan.txt"));
      // Two previews, one plan.
      await job("preview-commit.yml", "commit");
      const [shown = ""] = await job("preview-commit.yml", "preview");
      expect(values["needs.preview.outputs.plan"]).toBe(plan);
      await job("preview-commit.yml", "comment");
      expect(written.splice(0).join("\n")).toContain("preview of production: ");

      await set("production", { listenPort: 8080 });
      await expect(job("deploy.yml", "production")).rejects.toThrow(/not the one of the preview/);
      expect((await result()).failure).toMatch(/- \| +listen 80[^]*\+ \| +listen 8080/);
      const { stdout } = await exec(production, "ls -d /var/lib/tracks /etc/nginx || true");
      expect(stdout).toBe("");
      await expectNoSecret(shown);
      await set("production", { listenPort: undefined });
    });

    it("deploy what was previewed, and not over a newer password or a change by hand since", async () => {
      await job("deploy.yml", "production");
      expect((await request(production.address, "tracks.test", "/")).status).toBe(200);
      await job("deploy.yml", "preview");
      const file = join(folder, "Pulumi.production.yaml");
      const previewed = await readFile(file, "utf8");
      secrets.push("another horse");
      const newer = await run(
        [
          "pulumi config set --stack production --secret tracks:deployerPassword 'another horse'",
          "ci/deploy --stack production",
        ].join("\n"),
        environment,
      );
      expect(newer.exitCode, newer.text).toBe(0);
      await writeFile(file, previewed);
      // A late approval of the commit with the older password.
      await expect(job("deploy.yml", "production")).rejects.toThrow(/not the one of the preview/);
      const name =
        /applied before\n +- (deployer-password-\w+ \[secret \w+\]) (\S+Z)\n +\+ \1 (?!\2)\S+Z\n/;
      expect((await result()).failure).toMatch(name);
      await expectNoSecret(newer.text);

      await job("deploy.yml", "preview");
      await exec(production, "echo '# by hand' >>/etc/nginx/nginx.conf");
      await expect(job("deploy.yml", "production")).rejects.toThrow(/not the one of the preview/);
      expect((await result()).failure).toMatch(/drift\n +\+ nginx-\w+: \/etc\/nginx\/nginx\.conf/);
    });

    it("open an issue about it", async () => {
      await job("drift.yml", "drift");
      const [call = "", ...more] = written.splice(0);
      expect(more).toEqual([]);
      expect(call).toMatch(/^POST \/repos\/example\/tracks\/issues .*`\/etc\/nginx\/nginx\.conf`/);
      expect(call).not.toContain("by hand");
    });

    it("preview and look for drift with the login of docs/ci.md, where the stack's own is by an agent", async () => {
      await set("production", { privateKey: undefined, agent: true });
      environment["TRACKS_SSH_KEY"] = await readFile(production.identityFile, "utf8");
      const deployed = await run("ci/agent ci/deploy --stack production", environment);
      expect(deployed.exitCode, deployed.text).toBe(0);
      const key = join(folder, "previews");
      await makeKey("ed25519", key, "previews");
      const login = shellBlock("docs/ci.md", "useradd --no-create-home", {
        "PUBLIC-KEY": await readPublicKey(key),
      });
      expect((await exec(production, login)).exitCode).toBe(0);
      values["secrets.TRACKS_SSH_KEY"] = await readFile(key, "utf8");
      values["vars.TRACKS_PREVIEW_USER"] = "previews";

      const shown = await job("deploy.yml", "preview");
      expect(await result()).toMatchObject({ state: "done", changes: [], drift: [] });
      await exec(production, "echo '# by hand' >>/etc/nginx/nginx.conf");
      shown.push(...(await job("drift.yml", "drift")));
      expect(await result()).toMatchObject({
        drift: [{ resource: "nginx", names: ["/etc/nginx/nginx.conf"] }],
      });
      expect(written.splice(0)).toHaveLength(1);
      await expectNoSecret(...shown);
    });

    it("deploy from a bucket, with another passphrase, after the move of the state", async ({
      skip,
    }) => {
      if (server === undefined) return skip();
      bucket = await startBucket(await server);
      const move = shellBlock(
        "docs/state.md",
        "pulumi stack export --stack production --file state.json   # its",
        {
          "s3://BUCKET?region=REGION": bucket.url,
        },
      );
      const { exitCode, text } = await run(
        `${move}${shellBlock("docs/state.md", "pulumi stack change")}`,
        {
          ...environment,
          ...bucket.environment,
        },
        "another passphrase\n",
      );
      expect(exitCode, text).toBe(0);
      Object.assign(environment, bucket.environment, {
        PULUMI_BACKEND_URL: bucket.url,
        PULUMI_CONFIG_PASSPHRASE: "another passphrase",
      });
      // The former state is of no use to it.
      await rm(join(folder, "backend"), { recursive: true });
      const deployed = await run("ci/agent ci/deploy --stack production", environment);
      expect(deployed.exitCode, deployed.text).toBe(0);
      const changes = (await result()).changes.map(({ resource, operation }) => [
        resource,
        operation,
      ]);
      expect(changes).toEqual([["nginx", "repair"]]);
      await expectNoSecret(deployed.text);
    });

    it("end a deployment in order at SIGTERM, so that the next one finds no lock", async () => {
      await set("production", { workerConnections: 3000 });
      // The command on the host waits meanwhile.
      await exec(
        production,
        "setsid flock -o /run/tracks/lock.nginx sleep 20 </dev/null >/dev/null 2>&1 &",
      );
      const words = ["ci/deploy", "--stack", "production"];
      const deploying = execa(join(folder, "ci/agent"), words, {
        ...{ cwd: folder, extendEnv: false, env: { ...runner, ...environment } },
        // By itself execa sends SIGKILL after 5 seconds.
        ...{ all: true, reject: false, stdin: "ignore", forceKillAfterDelay: false },
      });
      await new Promise<void>((resolve) => {
        void deploying.finally(resolve);
        deploying.all.on("data", (text: Buffer) => {
          if (text.includes("worker_connections 3000")) resolve();
        });
      });
      deploying.kill("SIGTERM");
      const { exitCode, all } = await deploying;
      expect(exitCode, all).toBe(1);
      expect(await result()).toMatchObject({
        ...{ state: "failed", changes: [{ resource: "nginx" }] },
        failure: expect.stringContaining("SIGTERM ended this deployment") as string,
      });
      expect(await read("summary.md")).toContain("SIGTERM");
      const again = await run(
        "ci/agent ci/deploy --stack organization/tracks/production",
        environment,
      );
      expect(again.exitCode, again.text).toBe(0);
    });

    it("are all that the workflows run, but for the tests themselves", async () => {
      const files = await readdir(join(root, ".github/workflows"));
      const jobs = await Promise.all(
        files.map(async (file) =>
          Object.keys((await workflow(file)).jobs).map((name) => `${file} ${name}`),
        ),
      );
      const others = jobs.flat().filter((name) => !name.endsWith(" test"));
      expect([...jobsRun].sort()).toEqual(others.sort());
    });

    it("say why a stack can't be read", async () => {
      const { exitCode } = await run("ci/preview --stack nowhere", environment);
      expect(exitCode).toBe(1);
      expect((await result()).failure).toMatch(/nowhere/);
    });
  });
});
