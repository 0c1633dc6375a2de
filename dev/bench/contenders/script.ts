import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type CommandRun, runTimed } from "../command";
import { serverName, type Site, uwsgiVersion } from "../site";
import { sshOptions } from "../ssh";
import type { Contender, SiteSettings, Surroundings } from "./contender";
import { generateSecrets } from "./generatedSecrets";

const SCRIPT = join(__dirname, "script/deploy.sh");

/** One bash script over one SSH connection, as a careful administrator writes it. */
export class Script implements Contender {
  readonly title = "one bash script";
  private readonly secrets = generateSecrets();
  private readonly settingsFile: string;
  private login: string[] = [];

  constructor(
    private readonly site: Site,
    private readonly surroundings: Surroundings,
  ) {
    this.settingsFile = join(site.folder, "settings");
  }

  async prepare(): Promise<void> {
    this.login = await sshOptions(this.site.host, this.site.folder);
  }

  async configure({ clientMaxBodySizeMegabytes }: SiteSettings): Promise<void> {
    const { source, dump, packages } = this.site;
    const assignments = {
      SOURCE: source,
      DUMP: dump,
      SERVER_NAME: serverName,
      CLIENT_MAX_BODY_SIZE_MEGABYTES: String(clientMaxBodySizeMegabytes),
      PIP_INDEX_URL: packages.url,
      PIP_TRUSTED_HOST: packages.trustedHost,
      UWSGI_VERSION: uwsgiVersion,
      DATABASE_PASSWORD: this.secrets.databasePassword,
      DEPLOYER_PASSWORD: this.secrets.deployerPassword,
      DJANGO_SECRET_KEY: this.secrets.djangoSecretKey,
    };
    const lines = Object.entries(assignments).map(([name, value]) => `${name}='${value}'\n`);
    await writeFile(this.settingsFile, lines.join(""), { mode: 0o600 });
  }

  apply(): Promise<CommandRun> {
    return runTimed(
      SCRIPT,
      [this.settingsFile, ...this.login, `root@${this.site.host.address}`],
      this.surroundings,
    );
  }

  async dispose(): Promise<void> {
    // Its connection is closed when it ends.
  }
}
