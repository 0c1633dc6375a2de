import type { remote } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import { HostComponent } from "../host/HostComponent";
import type { Host } from "../host/Host";
import type { ManifestEntry } from "../host/manifest/manifest";
import { subtree } from "../host/manifest/subtree";
import { renderNginxConf } from "../templates/nginx";

/** Inputs of {@link Nginx}. */
export interface NginxArgs {
  host: Host;
  /** User of the workers; the package makes it. @default "nginx" */
  user?: string;
  /** Worker processes, or `auto` for one a core. @default "auto" */
  workerProcesses?: number | "auto";
  /** Connections a worker. @default 1024 */
  workerConnections?: number;
  /** Largest request body, megabytes. @default 32 */
  clientMaxBodySizeMegabytes?: number;
  /**
   * Owner of sites-available and sites-enabled. `deployer` as in the notes lets that user decide
   * what root's nginx loads, which is root's power; `root` is the safe alternative.
   *
   * @default "root"
   */
  sitesOwner?: string;
  /** Ports that are open in firewalld, where that runs. @default none */
  openPorts?: readonly number[];
}

const vendorsDefaultServer: ManifestEntry = {
  kind: "absent",
  path: "/etc/nginx/conf.d/default.conf",
  of: "package",
};

/**
 * nginx on one host: the one owner of its configuration tree.
 *
 * Sites and other components add their fragments in their constructors; {@link Nginx.converge}
 * then registers one command with the whole tree: one manifest, one test, one reload.
 */
export class Nginx extends HostComponent {
  /** Where sites are declared, and where those that are served are linked. */
  readonly sitesAvailable = "/etc/nginx/sites-available";
  readonly sitesEnabled = "/etc/nginx/sites-enabled";
  /** Files included by a site lie in a folder of its own below this one. */
  readonly locations = "/etc/nginx/locations";
  /** nginx's log directories, as the notes declare them. */
  readonly logs = "/etc/nginx/logs";
  readonly sitesOwner: string;

  private readonly args: NginxArgs;
  private readonly fragments: ManifestEntry[] = [];
  private readonly dependencies: pulumi.Input<pulumi.Resource>[] = [];
  private command: remote.Command | undefined;
  private hasDefaultServer = false;

  constructor(name: string, args: NginxArgs, opts?: pulumi.ComponentResourceOptions) {
    super("Nginx", name, opts);
    this.args = args;
    this.sitesOwner = args.sitesOwner ?? "root";
  }

  /**
   * Adds paths to the tree.
   *
   * @throws Error once the tree is registered: what comes later would never reach the host.
   */
  add(entries: readonly ManifestEntry[], dependsOn: readonly pulumi.Resource[] = []): void {
    if (this.command !== undefined) {
      throw new Error("the nginx tree is complete: add to it before nginx.converge()");
    }
    this.fragments.push(...entries);
    this.dependencies.push(...dependsOn);
  }

  /** Some packages bring a default server of their own, which goes when a site of ours is one. */
  takeDefaultServer(): void {
    this.hasDefaultServer = true;
  }

  /** Registers the whole tree as one command; called once, when every site has added its part. */
  converge(dependsOn: readonly pulumi.Resource[] = []): remote.Command {
    this.add([], dependsOn);
    this.command = this.args.host.converge(
      this.name,
      {
        subsystem: "nginx",
        entries: [
          ...this.tree(),
          ...this.fragments,
          ...(this.hasDefaultServer ? [vendorsDefaultServer] : []),
          ...(this.args.openPorts ?? []).map((port): ManifestEntry => ({
            kind: "firewall-port",
            protocol: "tcp",
            port,
          })),
          { kind: "service", name: "nginx" },
        ],
      },
      { parent: this, dependsOn: this.dependencies },
    );
    this.registerOutputs({ command: this.command.id });
    return this.command;
  }

  private tree(): ManifestEntry[] {
    const config = "httpd_config_t";
    const sites = { owner: this.sitesOwner, context: config };
    return [
      {
        kind: "file",
        path: "/etc/nginx/nginx.conf",
        context: config,
        content: renderNginxConf({
          user: this.args.user ?? "nginx",
          workerProcesses: this.args.workerProcesses ?? "auto",
          workerConnections: this.args.workerConnections ?? 1024,
          clientMaxBodySizeMegabytes: this.args.clientMaxBodySizeMegabytes ?? 32,
        }),
      },
      { kind: "directory", path: "/etc/nginx/conf.d", context: config },
      { kind: "directory", path: this.sitesAvailable, ...sites },
      { kind: "directory", path: this.sitesEnabled, ...sites },
      { kind: "directory", path: this.locations, context: config },
      // Logs below /etc/nginx would be configuration to SELinux, which nginx may not write.
      { kind: "selinux-context", type: "httpd_log_t", pattern: subtree(this.logs) },
      ...["", "/nginx", "/nginx/log", "/domains"].map((below) =>
        this.logDirectory(`${this.logs}${below}`),
      ),
    ];
  }

  /** Every log that nginx writes, for itself and for a site, as logrotate takes them. */
  logFiles({ site, logDirectory }: { site: string; logDirectory: string }): string[] {
    const directories = ["/var/log/nginx", `${this.logs}/nginx/log`];
    return [...directories, `${this.logs}/nginx/${site}/log`, logDirectory].map(
      (directory) => `${directory}/*.log`,
    );
  }

  /** A directory that nginx may write logs to. */
  logDirectory(path: string): ManifestEntry {
    return { kind: "directory", path, context: "httpd_log_t" };
  }
}
