import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa, type Result } from "execa";
import { type Document, parseDocument } from "yaml";
import { devPassphrase } from "../../dev/demo/stacks";
import { down, type LabHost, type Shape, up } from "../../dev/lab/host";
import { embeddedEnvironment, writeProject } from "../../dev/toolchain/embeddedStack";
import { ensureToolchain } from "../../dev/toolchain/toolchain";
import { cloneInto } from "./clone";
import { outputOf } from "./outputOf";

const root = join(__dirname, "..", "..");

/** Output of a `pulumi` command, both streams together, and its exit code. */
export interface Printed {
  exitCode: number;
  text: string;
}

/**
 * One stack with a lab host of its own, both taken down by {@link Deployment.dispose}.
 *
 * The project folder is made for the test: its Pulumi.yaml names the program in this checkout, so
 * that no file of the checkout is written, and a program of the test's own can take its place.
 */
export class Deployment {
  private constructor(
    readonly stack: string,
    readonly folder: string,
    readonly environment: Record<string, string>,
    public host: LabHost,
    private readonly pulumiPath: string,
  ) {}

  /**
   * @param stack name of stack and host, unique among the tests
   * @param options.program path below the checkout; default index.ts
   * @param options.shape of the host; default a container
   */
  static async create(
    stack: string,
    options: { program?: string; shape?: Shape } = {},
  ): Promise<Deployment> {
    const deployment = await Deployment.withHost(stack, options.shape);
    await deployment.useProgram(options.program ?? "index.ts");
    await deployment.succeed("stack", "init", stack);
    await deployment.set("host", "lab");
    return deployment;
  }

  /**
   * A host for a stack that the test makes itself, by the commands of a page: in a fresh clone, whose
   * owner has a home folder of their own.
   */
  static async inClone(stack: string): Promise<Deployment> {
    const deployment = await Deployment.withHost(stack);
    await cloneInto(deployment.folder);
    const home = join(deployment.folder, "home");
    await mkdir(join(home, ".ssh"), { recursive: true });
    Object.assign(deployment.environment, {
      HOME: home,
      // What this machine has already is not downloaded again.
      ...{ npm_config_cache: join(homedir(), ".npm"), npm_config_prefer_offline: "true" },
    });
    return deployment;
  }

  private static async withHost(stack: string, shape?: Shape): Promise<Deployment> {
    const folder = await mkdtemp(join(tmpdir(), `tracks-${stack}-`));
    const labDirectory = join(folder, "lab");
    process.env.TRACKS_LAB_DIR = labDirectory;
    const toolchain = await ensureToolchain({});
    const environment = {
      ...(await embeddedEnvironment(toolchain, {
        labDirectory,
        lock: { passphrase: devPassphrase },
      })),
      // Archives of the source are kept there for later deployments.
      TMPDIR: folder,
    };
    const host = await up(stack, { shape });
    return new Deployment(stack, folder, environment, host, toolchain.pulumi);
  }

  /** Points the stack at another program, of this checkout or by its absolute path. */
  async useProgram(program: string): Promise<void> {
    await writeProject(this.folder, { program: resolve(root, program) });
  }

  /** Runs `pulumi` and returns what it printed, whatever its exit code. */
  async pulumi(...args: string[]): Promise<Printed> {
    const result: Result = await execa(this.pulumiPath, [...args, "--non-interactive"], {
      cwd: this.folder,
      env: this.environment,
      stdin: "ignore",
      all: true,
      reject: false,
    });
    return { exitCode: result.exitCode ?? 1, text: String(result.all) };
  }

  /** Runs `pulumi`, which must succeed; what it printed is in the failure otherwise. */
  async succeed(...args: string[]): Promise<string> {
    const { exitCode, text } = await this.pulumi(...args);
    if (exitCode !== 0) throw new Error(`pulumi ${args.join(" ")} exited ${exitCode}:\n${text}`);
    return text;
  }

  async up(...args: string[]): Promise<string> {
    return this.succeed("up", "--yes", "--skip-preview", ...args);
  }

  /** Runs an `up` that must fail. */
  async upFails(...args: string[]): Promise<string> {
    const { exitCode, text } = await this.pulumi("up", "--yes", "--skip-preview", ...args);
    if (exitCode === 0) throw new Error(`pulumi up succeeded where it must fail:\n${text}`);
    return text;
  }

  async set(key: string, value: string, ...flags: string[]): Promise<void> {
    if (flags.length > 0) {
      await this.succeed("config", "set", ...flags, `tracks:${key}`, value);
    } else {
      await this.editSettings((file) => {
        file.setIn(["config", `tracks:${key}`], value);
      });
    }
  }

  async unset(key: string): Promise<void> {
    await this.editSettings((file) => {
      assert.ok(file.deleteIn(["config", `tracks:${key}`]), `tracks:${key} is not set`);
    });
  }

  /** As in an editor: each command of the CLI takes a quarter of a second of the processor. */
  private async editSettings(edit: (file: Document) => void): Promise<void> {
    const path = join(this.folder, `Pulumi.${this.stack}.yaml`);
    const file = parseDocument(await readFile(path, "utf8"));
    edit(file);
    await writeFile(path, file.toString());
  }

  /** The stack's state as the backend keeps it: what a thief of the file would read. */
  async state(): Promise<string> {
    return this.succeed("stack", "export");
  }

  /** Makes the stack forget all that it deployed, as when its state is lost; the host stays as it is. */
  async forgetState(): Promise<void> {
    const file = join(this.folder, "state.json");
    const state = JSON.parse(await this.state()) as { deployment: { resources: unknown[] } };
    state.deployment.resources = [];
    await writeFile(file, JSON.stringify(state), { mode: 0o600 });
    await this.succeed("stack", "import", "--file", file);
  }

  /** Runs a shell command as root inside the host, past SSH; its output without the final newline. */
  async onHost(command: string): Promise<string> {
    return (await outputOf(this.host, command)).trimEnd();
  }

  /** Rebuilds the host: empty, with another host key, and the address that is free then. */
  async rebuildHost(): Promise<void> {
    await down(this.stack);
    this.host = await up(this.stack, {});
  }

  async get(path: string): Promise<Response> {
    return fetch(`http://${this.host.address}${path}`, { redirect: "manual" });
  }

  async dispose(): Promise<void> {
    await down(this.stack);
    await rm(this.folder, { recursive: true, force: true });
  }
}
