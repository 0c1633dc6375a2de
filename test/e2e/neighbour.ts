import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseDocument } from "yaml";
import type { Deployment } from "./deployment";

/** Passphrase of the neighbour's stack, which is not the other one's. */
const passphrase = "of-the-neighbour";
const root = "/srv/neighbour";

/**
 * A development site on the host of a production site, with a stack, a release and a sqlite file of its own.
 * Nothing serves it, and no `pulumi up` made it: a deployment would take a minute more.
 */
export class Neighbour {
  static readonly backups = `${root}/backups/tracks`;
  private static readonly database = `${root}/tracks/db.sqlite3`;

  private constructor(
    private readonly deployment: Deployment,
    readonly stack: string,
  ) {}

  /** @param sourceFolder of the production site's application */
  static async create(deployment: Deployment, sourceFolder: string): Promise<Neighbour> {
    const stack = `${deployment.stack}-dev`;
    const { environment, folder, host } = deployment;
    const own = environment["PULUMI_CONFIG_PASSPHRASE"] ?? "";
    environment["PULUMI_CONFIG_PASSPHRASE"] = passphrase;
    try {
      await deployment.succeed("stack", "init", "--no-select", stack);
      const secret = ["config", "set", "--stack", stack, "--secret", "tracks:deployerPassword"];
      await deployment.succeed(...secret, "a-password-of-no-use");
    } finally {
      environment["PULUMI_CONFIG_PASSPHRASE"] = own;
    }
    environment["TO_PULUMI_CONFIG_PASSPHRASE"] = passphrase;
    const file = join(folder, `Pulumi.${stack}.yaml`);
    const settings = parseDocument(await readFile(file, "utf8"));
    for (const [key, value] of Object.entries({
      host: host.address,
      hostKey: host.hostKey,
      privateKeyFile: host.identityFile,
      serverNames: '["dev.tracks.test"]',
      production: "false",
      siteRoot: root,
      sourceFolder,
    })) {
      settings.setIn(["config", `tracks:${key}`], value);
    }
    await writeFile(file, settings.toString());
    await deployment.onHost(
      [
        "set -e",
        `install -d -o deployer -g deployer ${root} && install -d -m 0700 -o deployer ${Neighbour.backups}`,
        `cp -a "$(readlink -f /microarray/tracks)" ${root}/tracks`,
        `rm ${Neighbour.database}`,
        `su deployer -c 'umask 077; cd ${root}/tracks && env -u PRODUCTION ~/venv/bin/python manage.py migrate -v 0'`,
      ].join("; "),
    );
    return new Neighbour(deployment, stack);
  }

  /** Does work whose stack is this one, and the production site's the other. */
  async asFirst<T>(work: () => Promise<T>): Promise<T> {
    const { environment } = this.deployment;
    const [first, other] = ["PULUMI_CONFIG_PASSPHRASE", "TO_PULUMI_CONFIG_PASSPHRASE"] as const;
    const own = environment[first] ?? "";
    Object.assign(environment, { [first]: passphrase, [other]: own });
    try {
      return await work();
    } finally {
      Object.assign(environment, { [first]: own, [other]: passphrase });
    }
  }

  /** What a statement prints on its sqlite file. */
  sql(statement: string): Promise<string> {
    return this.deployment.onHost(
      `su deployer -c "sqlite3 -cmd '.timeout 20000' ${Neighbour.database}" <<'END'\n${statement};\nEND`,
    );
  }

  /** A digest of all that is in its sqlite file. */
  data(): Promise<string> {
    return this.deployment.onHost(`sqlite3 ${Neighbour.database} .dump | sha256sum`);
  }
}
