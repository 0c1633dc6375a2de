import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { type CommandRun, runTimed } from "../command";
import { serverName, type Site, uwsgiVersion } from "../site";
import { sshOptions } from "../ssh";
import type { Contender, SiteSettings, Surroundings } from "./contender";
import { generateSecrets } from "./generatedSecrets";

/** Debian package of Ansible, with a program that shows that it is installed. */
export const ansiblePackages: ReadonlyMap<string, string> = new Map([
  ["ansible-core", "/usr/bin/ansible-playbook"],
]);

const FOLDER = join(__dirname, "ansible");
const PLAYBOOK = join(FOLDER, "site.yml");

/** ansible-core without collections, with pipelining and a connection that stays open. */
export class Ansible implements Contender {
  readonly title = "ansible-core";
  private readonly secrets = generateSecrets();
  private readonly inventory: string;
  private readonly sockets: string;

  constructor(
    private readonly site: Site,
    private readonly surroundings: Surroundings,
  ) {
    this.inventory = join(site.folder, "inventory.json");
    this.sockets = join(site.folder, "sockets");
  }

  async prepare(): Promise<void> {
    await mkdir(this.sockets, { mode: 0o700 });
  }

  async configure({ clientMaxBodySizeMegabytes }: SiteSettings): Promise<void> {
    const { host, source, dump, packages, folder } = this.site;
    const login = await sshOptions(host, folder);
    const vars = {
      ansible_user: "root",
      ansible_ssh_common_args: login.join(" "),
      application: "/microarray/tracks",
      venv: "/home/deployer/venv",
      source,
      package: join(folder, "source.tar"),
      dump,
      server_name: serverName,
      client_max_body_size_megabytes: clientMaxBodySizeMegabytes,
      uwsgi_version: uwsgiVersion,
      pip_index_url: packages.url,
      pip_trusted_host: packages.trustedHost,
      database_name: "tracks",
      database_user: "deployer",
      database_password: this.secrets.databasePassword,
      deployer_password: this.secrets.deployerPassword,
      // Fixed, so that the same password has the same hash in every run.
      deployer_password_salt: "tracksbench",
      django_secret_key: this.secrets.djangoSecretKey,
    };
    const inventory = { site: { hosts: { [host.address]: vars } } };
    await writeFile(this.inventory, JSON.stringify(inventory), { mode: 0o600 });
  }

  apply(): Promise<CommandRun> {
    return this.play();
  }

  readonly preview = (): Promise<CommandRun> => this.play("--check");

  /** Closes the SSH connections that were kept open. */
  async dispose(): Promise<void> {
    for (const socket of await readdir(this.sockets).catch(() => [])) {
      const path = join(this.sockets, socket);
      await execa("ssh", ["-F", "none", "-o", `ControlPath=${path}`, "-O", "exit", "host"], {
        reject: false,
      });
    }
  }

  private play(...options: string[]): Promise<CommandRun> {
    return runTimed("ansible-playbook", ["-i", this.inventory, PLAYBOOK, ...options], {
      ...this.surroundings,
      env: {
        ANSIBLE_CONFIG: join(FOLDER, "ansible.cfg"),
        ANSIBLE_SSH_CONTROL_PATH_DIR: this.sockets,
        ANSIBLE_LOCAL_TEMP: join(this.site.folder, "ansible"),
      },
    });
  }
}
