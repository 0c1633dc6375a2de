import { join } from "node:path";
import { execa } from "execa";
import { writeKnownHosts } from "../../dev/lab/knownHosts";
import { SampleSite } from "../e2e/sampleSite";
import type { Bench, Trait } from "./trait";

/** Fresh host with the stack of the sample application. */
export class TraitBench implements Bench {
  private constructor(
    readonly site: SampleSite,
    private readonly user: string,
  ) {}

  /** @param program folder of the checkout to deploy; default this one */
  static async create(
    name: string,
    traits: readonly Trait[],
    program?: string,
  ): Promise<TraitBench> {
    const settings = Object.assign({}, ...traits.map((trait) => trait.settings)) as Record<
      string,
      string
    >;
    const site = await SampleSite.create(name, settings);
    if (program !== undefined) await site.deployment.useProgram(join(program, "index.ts"));
    return new TraitBench(site, settings["hostUser"] ?? "root");
  }

  onHost = (script: string): Promise<string> => this.site.deployment.onHost(`set -e\n${script}`);

  login = async (command: string): Promise<string> => {
    const { host, folder } = this.site.deployment;
    const knownHosts = await writeKnownHosts(host, join(folder, "known_hosts"));
    const { stdout } = await execa("ssh", [
      ...["-F", "none", "-i", host.identityFile, "-o", `UserKnownHostsFile=${knownHosts}`],
      ...["-o", "BatchMode=yes", `${this.user}@${host.address}`, command],
    ]);
    return stdout;
  };

  dispose(): Promise<void> {
    return this.site.dispose();
  }
}
