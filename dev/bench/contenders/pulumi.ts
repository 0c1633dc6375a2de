import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { embeddedEnvironment, writeProject } from "../../toolchain/embeddedStack";
import type { Toolchain } from "../../toolchain/toolchain";
import { type CommandRun, runTimed } from "../command";
import { serverName, type Site } from "../site";
import type { Contender, SiteSettings, Surroundings } from "./contender";

const PROGRAM = join(__dirname, "../../../index.ts");
/** Encrypts only what is generated for a host that exists as long as the benchmark runs. */
const PASSPHRASE = "tracks-bench";

/** This program, with a backend in a folder; the stack has the name of the host. */
export class Pulumi implements Contender {
  readonly title = "this program";
  private environment: Record<string, string> = {};
  private readonly project: string;

  constructor(
    private readonly site: Site,
    private readonly surroundings: Surroundings,
    private readonly toolchain: Toolchain,
    private readonly labDirectory: string,
  ) {
    this.project = join(site.folder, "project");
  }

  async prepare(): Promise<void> {
    this.environment = await embeddedEnvironment(this.toolchain, {
      labDirectory: this.labDirectory,
      lock: { passphrase: PASSPHRASE },
    });
    await mkdir(this.project);
    await writeProject(this.project, { program: PROGRAM });
    await this.succeed("stack", "init", this.site.host.name);
  }

  async configure({ clientMaxBodySizeMegabytes }: SiteSettings): Promise<void> {
    const settings = {
      host: "lab",
      "serverNames[0]": serverName,
      sourceFolder: this.site.source,
      migrationDump: this.site.dump,
      healthCheckPath: "/healthz/",
      pipIndexUrl: this.site.packages.url,
      pipTrustedHost: this.site.packages.trustedHost,
      clientMaxBodySizeMegabytes: String(clientMaxBodySizeMegabytes),
    };
    const pairs = Object.entries(settings).flatMap(([key, value]) => [
      "--plaintext",
      `tracks:${key}=${value}`,
    ]);
    await this.succeed("config", "set-all", "--path", ...pairs);
  }

  apply(): Promise<CommandRun> {
    return this.run("up", "--yes", "--skip-preview");
  }

  readonly preview = (): Promise<CommandRun> => this.run("preview");

  async dispose(): Promise<void> {
    // Its connections are closed when it ends.
  }

  private run(...args: string[]): Promise<CommandRun> {
    return runTimed(this.toolchain.pulumi, [...args, "--non-interactive"], {
      ...this.surroundings,
      cwd: this.project,
      env: this.environment,
    });
  }

  private async succeed(...args: string[]): Promise<void> {
    await execa(this.toolchain.pulumi, [...args, "--non-interactive"], {
      cwd: this.project,
      env: this.environment,
      cancelSignal: this.surroundings.signal,
    });
  }
}
