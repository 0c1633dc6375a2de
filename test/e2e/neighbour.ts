import type { Deployment } from "./deployment";
import { OtherStack } from "./otherStack";

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
    private readonly own: OtherStack,
  ) {}

  /** @param sourceFolder of the production site's application */
  static async create(deployment: Deployment, sourceFolder: string): Promise<Neighbour> {
    const { host } = deployment;
    const own = await OtherStack.create(deployment, `${deployment.stack}-dev`, {
      host: host.address,
      hostKey: host.hostKey,
      privateKeyFile: host.identityFile,
      serverNames: '["dev.tracks.test"]',
      production: "false",
      siteRoot: root,
      sourceFolder,
    });
    await deployment.onHost(
      [
        "set -e",
        `install -d -o deployer -g deployer ${root} && install -d -m 0700 -o deployer ${Neighbour.backups}`,
        `cp -a "$(readlink -f /microarray/tracks)" ${root}/tracks`,
        `rm ${Neighbour.database}`,
        `su deployer -c 'umask 077; cd ${root}/tracks && env -u PRODUCTION ~/venv/bin/python manage.py migrate -v 0'`,
      ].join("; "),
    );
    return new Neighbour(deployment, own);
  }

  get stack(): string {
    return this.own.name;
  }

  /** Does work whose stack is this one, and the production site's the other. */
  asFirst<T>(work: () => Promise<T>): Promise<T> {
    return this.own.asFirst(work);
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
