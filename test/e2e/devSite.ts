import { request } from "../../dev/demo/request";
import { down, type LabHost, up } from "../../dev/lab/host";
import type { Deployment } from "./deployment";
import { OtherStack } from "./otherStack";
import { outputOf } from "./outputOf";

const name = "dev.tracks.test";
const database = "/microarray/shared/tracks/db.sqlite3";

/** A development site, deployed to a lab host of its own by another stack of a production site's project. */
export class DevSite {
  private constructor(
    readonly stack: OtherStack,
    readonly host: LabHost,
  ) {}

  /** @param sourceFolder of the production site's application */
  static async deploy(deployment: Deployment, sourceFolder: string): Promise<DevSite> {
    const stackName = `${deployment.stack}-elsewhere`;
    const host = await up(stackName);
    const stack = await OtherStack.create(deployment, stackName, {
      host: host.address,
      hostKey: host.hostKey,
      privateKeyFile: host.identityFile,
      serverNames: `["${name}"]`,
      healthCheckPath: "/healthz/",
      production: "false",
      sourceFolder,
    });
    const site = new DevSite(stack, host);
    await stack.asFirst(() => deployment.up("--stack", stackName));
    return site;
  }

  /** A shell command as root on its host. */
  async onHost(command: string): Promise<string> {
    return (await outputOf(this.host, command)).trimEnd();
  }

  /** What a statement prints on its sqlite file. */
  sql(statement: string): Promise<string> {
    return this.onHost(
      `su deployer -c "sqlite3 -cmd '.timeout 20000' ${database}" <<'END'\n${statement};\nEND`,
    );
  }

  /** The text of a page, as a browser gets it. */
  async page(path: string): Promise<string> {
    return (await request(this.host.address, name, path, {})).body;
  }

  async dispose(): Promise<void> {
    await down(this.host.name);
  }
}
