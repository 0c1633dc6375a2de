import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { down, exec, type LabHost, up } from "../../../dev/lab/host";
import { embeddedEnvironment, writeProject } from "../../../dev/toolchain/embeddedStack";
import { labFolder } from "../../../dev/toolchain/labFolder";
import { ensureToolchain, type Toolchain } from "../../../dev/toolchain/toolchain";
import type { Declared } from "./declared";

const checkout = join(__dirname, "..", "..", "..");

/** A host key of the right form that no host has. */
export const otherHostKey =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUdk1aPqJrQw3Y0b5a2v0WZ4CkNCgVRYLu2tqn6m1jz";

/** The connection of a declared command, as far as the tests vary it. */
export interface Connection {
  host: string;
  user?: string;
  privateKey?: string;
  hostKey?: string;
  agentSocketPath?: string;
  dialErrorLimit?: number;
  perDialTimeout?: number;
  proxy?: Omit<Connection, "proxy">;
}

/** One resource of the exported state. */
export interface StateResource {
  type: string;
  urn: string;
  id?: string;
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
}

/** What a run of the CLI printed, both streams, and how it ended. */
export interface Run {
  code: number;
  text: string;
  seconds: number;
}

/** A lab host and a tool chain, for any number of stacks. */
export class Bench {
  private constructor(
    readonly folder: string,
    readonly name: string,
    readonly host: LabHost,
    readonly toolchain: Toolchain,
    /** The connection that works: root, by the lab's key, host key pinned, one try. */
    readonly connection: Required<Pick<Connection, "host" | "privateKey" | "hostKey">> & Connection,
  ) {}

  /** @param name names the host */
  static async create(name: string): Promise<Bench> {
    const folder = await mkdtemp(join(tmpdir(), `tracks-${name}-`));
    process.env.TRACKS_LAB_DIR = join(folder, "lab");
    const toolchain = await ensureToolchain();
    console.log(`${name}: ${toolchain.description}`);
    const host = await up(name);
    const connection = {
      host: host.address,
      user: "root",
      privateKey: await readFile(host.identityFile, "utf8"),
      hostKey: host.hostKey,
      dialErrorLimit: 0,
    };
    return new Bench(folder, name, host, toolchain, connection);
  }

  /** A command resource over the working connection, without former outputs in its environment. */
  command(name: string, args: Record<string, unknown>, more: Partial<Declared> = {}): Declared {
    const common = { connection: this.connection, addPreviousOutputInEnv: false };
    return { type: "command", name, args: { ...common, ...args }, ...more };
  }

  /** Makes an empty stack with a state of its own. */
  async stack(name: string): Promise<Stack> {
    const stack = new Stack(join(this.folder, name), this.toolchain);
    await stack.init();
    return stack;
  }

  /** What a shell command inside the host prints, past SSH, without the final newline. */
  async onHost(command: string): Promise<string> {
    return (await exec(this.host, command)).stdout.replace(/\n$/, "");
  }

  async dispose(): Promise<void> {
    await down(this.name);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** One stack in a file backend of its own, running the declared resources. */
export class Stack {
  private environment: Record<string, string> = {};

  constructor(
    private readonly folder: string,
    private readonly toolchain: Toolchain,
  ) {}

  async init(): Promise<void> {
    this.environment = await embeddedEnvironment(this.toolchain, {
      labDirectory: labFolder(),
      backend: join(this.folder, "backend"),
      lock: { passphrase: "contract" },
    });
    await writeProject(this.folder, { name: "contract", program: join(__dirname, "program.ts") });
    await this.declare();
    const { code, text } = await this.pulumi(["stack", "init", "contract"]);
    if (code !== 0) throw new Error(text);
  }

  /** Replaces the program's resources. */
  async declare(...resources: Declared[]): Promise<void> {
    await writeFile(join(this.folder, "program.json"), JSON.stringify(resources));
  }

  up(env: Record<string, string> = {}): Promise<Run> {
    return this.pulumi(["up", "--yes", "--skip-preview", "--stack", "contract"], env);
  }

  /** Declares and applies; the run must succeed. */
  async apply(...resources: Declared[]): Promise<string> {
    await this.declare(...resources);
    const { code, text } = await this.up();
    if (code !== 0) throw new Error(`pulumi up exited ${code}:\n${text}`);
    return text;
  }

  /** The state as text, with every secret in it readable. */
  async openStateText(): Promise<string> {
    return (await this.pulumi(["stack", "export", "--show-secrets", "--stack", "contract"])).text;
  }

  preview(...flags: string[]): Promise<Run> {
    return this.pulumi(["preview", "--stack", "contract", ...flags]);
  }

  destroy(...flags: string[]): Promise<Run> {
    return this.pulumi(["destroy", "--yes", "--skip-preview", "--stack", "contract", ...flags]);
  }

  refresh(...flags: string[]): Promise<Run> {
    return this.pulumi(["refresh", "--yes", "--skip-preview", "--stack", "contract", ...flags]);
  }

  /** The state as text: what somebody reads who has the file but not the passphrase. */
  async stateText(): Promise<string> {
    return (await this.pulumi(["stack", "export", "--stack", "contract"])).text;
  }

  /** The resource of that name in the state; undefined when it is not there. */
  async resource(name: string): Promise<StateResource | undefined> {
    return resourceOf(await this.stateText(), name);
  }

  /** An output of the resource of that name, decrypted. */
  async secret(name: string, output: string): Promise<string> {
    const found = resourceOf(await this.openStateText(), name)?.outputs[output];
    const { plaintext } = found as { plaintext: string };
    return JSON.parse(plaintext) as string;
  }

  private async pulumi(args: string[], env: Record<string, string> = {}): Promise<Run> {
    const { exitCode, stdout, stderr, durationMs } = await execa(
      this.toolchain.pulumi,
      [...args, "--non-interactive"],
      {
        cwd: this.folder,
        env: {
          // Whether the person who runs the tests has an agent must make no difference.
          SSH_AUTH_SOCK: "",
          ...this.environment,
          PULUMI_NODEJS_TSCONFIG_PATH: join(checkout, "tsconfig.json"),
          TRACKS_CONTRACT: join(this.folder, "program.json"),
          ...env,
        },
        stdin: "ignore",
        stripFinalNewline: false,
        reject: false,
      },
    );
    return { code: exitCode ?? 1, text: stdout + stderr, seconds: durationMs / 1000 };
  }
}

function resourceOf(exported: string, name: string): StateResource | undefined {
  const { deployment } = JSON.parse(exported) as { deployment: { resources?: StateResource[] } };
  return deployment.resources?.find(({ urn }) => urn.endsWith(`::${name}`));
}
