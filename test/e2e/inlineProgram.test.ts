import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { LocalWorkspace, type PulumiFn, type Stack } from "@pulumi/pulumi/automation";
import * as random from "@pulumi/random";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Host, NginxSite } from "../../components";
import { devPassphrase } from "../../dev/demo/stacks";
import { embeddedEnvironment } from "../../dev/toolchain/embeddedStack";
import { ensureToolchain } from "../../dev/toolchain/toolchain";
import { examineHost, planPostgres, postgresQuestion } from "../../preflight/library";
import { connectionTo, keyPair, startServer } from "../unit/preflight/preflightServer";
import { rootConnection } from "../unit/rootConnection";

/** Programs of the Automation API that run in this very process, which goes on after them. */
describe("an inline program", () => {
  let folder: string;
  let stack: Stack;

  /** Why a run of the program fails, as the CLI prints it. */
  async function failure(command: "preview" | "up", program: PulumiFn): Promise<string> {
    try {
      await stack[command]({ program });
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error("the program did not fail");
  }
  const types = async () => {
    const { deployment } = (await stack.exportStack()) as {
      deployment: { resources: { type: string }[] };
    };
    return deployment.resources.map(({ type }) => type);
  };
  const site = (name: string) =>
    new NginxSite(name, { serverNames: [`${name}.test`], siteRoot: `/srv/${name}` });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "tracks-inline-"));
    const environment = await embeddedEnvironment(await ensureToolchain({}), {
      labDirectory: join(folder, "lab"),
      lock: { passphrase: devPassphrase },
    });
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    const program = async () => {
      await Promise.resolve(new random.RandomPassword("former", { length: 8 }));
    };
    stack = await LocalWorkspace.createOrSelectStack({
      stackName: "inline",
      projectName: "tracks",
      program,
    });
    await stack.up();
    expect(await types()).toContain("random:index/randomPassword:RandomPassword");
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  });

  it("fails for the sites that no Nginx took, by their names, and deletes nothing before", async () => {
    const program = async () => {
      await Promise.resolve([site("first"), site("second")]);
    };
    for (const command of ["preview", "up"] as const) {
      const text = await failure(command, program);
      for (const name of ["first", "second"]) {
        expect(text, text).toContain(`error: NginxSite "${name}"\n`);
      }
      expect(text).not.toMatch(/delet/);
    }
    expect(await types()).toContain("random:index/randomPassword:RandomPassword");
  });

  it("deletes nothing where an input turns out too late to be an error", async () => {
    const program = async () => {
      new Host("host", { connection: rootConnection });
      const length = pulumi.output(0).apply((): number => {
        throw new pulumi.RunError("no such length");
      });
      await Promise.resolve(new random.RandomPassword("former", { length }));
    };
    const text = await failure("preview", program);
    expect(text).toContain("no such length");
    expect(text).not.toMatch(/delet/);
  });

  it("leaves the port of its tunnel to the next program, after an error too", async () => {
    const [hostKey, login] = [keyPair(), keyPair()];
    const facts = [
      "fact init systemd",
      "fact postgresql-server 15",
      "fact postgresql-service running",
      "fact postgresql-data /var/lib/pgsql/data",
      "fact postgresql-roles postgres",
      "fact postgresql-databases postgres",
      "preflight complete\n",
    ];
    const host = await startServer({
      hostKeys: [hostKey],
      authorized: [login],
      answer: (command) => (command.includes(" look ") ? { stdout: facts.join("\n") } : undefined),
    });
    const connection = connectionTo(host, hostKey, login);
    const wanted = { database: "site", user: "writer", tunnelPort: 25_470 };
    const survey = { listenPort: 80, defaultServer: true, serverNames: [], paths: [] };
    const plan = async () => {
      const found = await examineHost(connection, {
        survey: { ...survey, database: postgresQuestion(wanted) },
      });
      await planPostgres(connection, found, wanted);
    };
    const fails = async () => {
      await plan();
      throw new pulumi.RunError("planned, and failed");
    };
    expect(await failure("preview", fails)).toContain("planned, and failed");
    await stack.preview({ program: plan });
    expect(await failure("up", fails)).toContain("planned, and failed");
    await stack.up({ program: plan });
    await host.close();
  });

  it("leaves this process nothing to fail with later", () => {
    expect(process.listenerCount("beforeExit")).toBe(0);
  });
});
