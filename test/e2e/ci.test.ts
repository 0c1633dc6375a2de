import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, parseDocument } from "yaml";
import type { CiResult } from "../../commands/ci/result";
import { request } from "../../dev/demo/request";
import { cacheFolder } from "../../dev/toolchain/cacheFolder";
import { shellBlock } from "../pages";
import { temporaryFolder } from "../temporaryFolder";
import { cloneInto } from "./clone";

const root = join(__dirname, "../..");

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps: readonly { readonly run?: string }[] }>>;
}

/** The pipeline's scripts as a runner calls them: on a fresh clone, with nothing but what docs/ci.md names. */
describe("the scripts of ci/", () => {
  const folder = temporaryFolder("ci", afterAll);
  const [deploy = "", preview = "", drift = "", takeDown = ""] = shellBlock(
    "docs/ci.md",
    "ci/lab dev ci/deploy",
  )
    .trimEnd()
    .split("\n");
  let secrets: string[];

  const environment = {
    ...{ PATH: process.env["PATH"], HOME: join(folder, "home"), TMPDIR: folder },
    // What this machine has already is not built again.
    TRACKS_CACHE: cacheFolder(),
  };
  async function run(line: string, variables: Record<string, string> = {}) {
    const { exitCode, all } = await execa("bash", ["-e", "-c", line], {
      ...{ cwd: folder, extendEnv: false, env: { ...environment, ...variables } },
      ...{ stdin: "ignore", all: true, reject: false },
    });
    return { exitCode, text: all };
  }
  const read = (file: string) => readFile(join(folder, "ci-results", file), "utf8");
  const result = async () => JSON.parse(await read("result.json")) as CiResult;

  /** The three files have no secret, nor has what the script printed. */
  async function expectNoSecret(printed: string): Promise<void> {
    expect(secrets.length).toBeGreaterThan(0);
    const files = ["result.json", "junit.xml", "summary.md"];
    for (const text of [printed, ...(await Promise.all(files.map(read)))]) {
      for (const secret of secrets) expect(text.includes(secret)).toBe(false);
    }
  }

  async function set(key: string, value: string): Promise<void> {
    const file = join(folder, "Pulumi.dev.yaml");
    const settings = parseDocument(await readFile(file, "utf8"));
    settings.setIn(["config", `tracks:${key}`], value);
    await writeFile(file, settings.toString());
  }

  const lab = async () =>
    JSON.parse(await readFile(join(folder, ".lab/hosts/dev/host.json"), "utf8")) as {
      address: string;
      secrets: Record<string, string>;
    };

  beforeAll(async () => {
    await cloneInto(folder);
    await symlink(join(root, "node_modules"), join(folder, "node_modules"));
    await mkdir(environment.HOME);
  });
  afterAll(() => run(takeDown));

  it("deploy and check dev, step by step as the workflow has them", async () => {
    const { jobs } = parse(
      await readFile(join(root, ".github/workflows/deploy.yml"), "utf8"),
    ) as Workflow;
    const steps = jobs["dev"]?.steps.flatMap(({ run: line = [] }) => line) ?? [];
    expect(steps).toEqual([deploy, preview, drift, expect.stringMatching(/ops -- status/)]);
    const shown: string[] = [];
    for (const line of steps) {
      const { exitCode, text } = await run(line);
      expect(exitCode, `${line}\n${text}`).toBe(0);
      shown.push(text);
      secrets = Object.values((await lab()).secrets);
      if (!line.includes("ops")) await expectNoSecret(text);
      if (line === deploy) {
        const { state, changes } = await result();
        expect(state).toBe("done");
        expect(changes.map(({ resource }) => resource)).toContain("nginx");
        expect(await read("junit.xml")).toContain('classname="dev.create" name="nginx"');
      }
      if (line === preview) {
        expect(await result()).toMatchObject({ state: "done", changes: [], drift: [] });
        expect(await read("summary.md")).toContain("### preview of dev: nothing to do");
      }
    }
    expect(shown.at(-1)).toContain("The site tracks.test is fine.");
    // eslint-disable-next-line no-control-regex -- colours begin with it
    expect(shown.join("")).not.toMatch(/\u001b\[/);
  });

  it("name what somebody changed by hand, and show none of it", async () => {
    await run("npm run lab -- exec dev \"echo '# by hand' >>/etc/nginx/nginx.conf\"");
    const { exitCode, text } = await run(drift);
    expect(exitCode, text).toBe(2);
    expect(await result()).toMatchObject({
      state: "pending",
      drift: [{ resource: "nginx", names: ["/etc/nginx/nginx.conf"] }],
    });
    const summary = await read("summary.md");
    expect(summary).toContain("### drift of dev: 1 difference on the host");
    expect(summary).not.toContain("by hand");
  });

  it("show the lines that a deployment would change, and the drift", async () => {
    await set("workerConnections", "2048");
    const output = join(folder, "output");
    const { exitCode, text } = await run(preview, { GITHUB_OUTPUT: output });
    expect(exitCode, text).toBe(2);
    const summary = await read("summary.md");
    expect(summary).toMatch(/^-.*worker_connections\s+1024;$/m);
    expect(summary).toMatch(/^\+.*worker_connections\s+2048;$/m);
    expect(summary).toContain("- `/etc/nginx/nginx.conf` (nginx)");
    expect(await readFile(output, "utf8")).toContain(summary);
    await expectNoSecret(text);
    expect((await run(`${preview} --allow-changes`)).exitCode).toBe(0);
  });

  it("fail with the reason where the host refuses, and the site serves on", async () => {
    await set("siteSnippet", "broken_directive on;");
    const { exitCode, text } = await run(deploy);
    expect(exitCode, text).toBe(1);
    const { state, failure } = await result();
    expect(state).toBe("failed");
    expect(failure).toContain('unknown directive "broken_directive"');
    expect(await read("junit.xml")).toContain('failures="2"');
    expect(await read("summary.md")).toContain("### deploy of dev: failed");
    await expectNoSecret(text);
    const { address } = await lab();
    expect((await request(address, "tracks.test", "/healthz/")).status).toBe(200);
  });

  it("say why a stack can't be read", async () => {
    const { exitCode } = await run("ci/lab dev ci/preview --stack nowhere");
    expect(exitCode).toBe(1);
    expect((await result()).failure).toMatch(/nowhere/);
  });
});
