import type { remote } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import { HostComponent } from "../host/HostComponent";
import type { Host } from "../host/Host";
import type { ManifestEntry } from "../host/manifest/manifest";
import { subtree } from "../host/manifest/subtree";
import { renderNginxConf } from "../templates/nginx";
import { configurationType, logDirectory, nginxTree } from "./nginx/tree";
import type { NginxSite } from "./NginxSite";

/** Inputs of {@link Nginx}. */
export interface NginxArgs {
  host: Host;
  /** The sites that it serves; each belongs to one Nginx. */
  sites: readonly NginxSite[];
  /** User of the workers; the package makes it. @default "nginx" */
  user?: string;
  /** Worker processes, or `auto` for one per core. @default "auto" */
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
 * One command has the whole tree, with the part of each site: one manifest, one test, one reload.
 */
export class Nginx extends HostComponent {
  /** Every log that nginx writes, for itself and for its sites, as patterns that logrotate takes. */
  readonly logFiles: readonly string[];
  /** Converges the tree: what needs a site to be served depends on it. */
  readonly command: remote.Command;

  constructor(name: string, args: NginxArgs, opts?: pulumi.ComponentResourceOptions) {
    super({ type: "Nginx" }, name, opts);
    const { host, sites } = args;
    this.logFiles = [
      "/var/log/nginx",
      `${nginxTree.logs}/nginx/log`,
      ...sites.flatMap((site) => site.logDirectories),
    ].map((directory) => `${directory}/*.log`);

    const sitesOwner = args.sitesOwner ?? "root";
    this.command = host.converge(
      name,
      {
        subsystem: "nginx",
        entries: [
          ...tree(args, sitesOwner),
          ...sites.flatMap((site) => site.joinTree(this, sitesOwner)),
          // Some packages bring a default server of their own, which goes when a site of ours is one.
          ...(sites.some(({ defaultServer }) => defaultServer) ? [vendorsDefaultServer] : []),
          ...(args.openPorts ?? []).map((port): ManifestEntry => ({
            kind: "firewall-port",
            protocol: "tcp",
            port,
          })),
          { kind: "service", name: "nginx" },
        ],
      },
      { parent: this, dependsOn: sites.flatMap((site) => site.served) },
    );
    this.registerOutputs({ command: this.command.id });
  }
}

function tree(args: NginxArgs, sitesOwner: string): ManifestEntry[] {
  const sites = { owner: sitesOwner, context: configurationType };
  const { logs } = nginxTree;
  return [
    {
      kind: "file",
      path: "/etc/nginx/nginx.conf",
      context: configurationType,
      content: renderNginxConf({
        user: args.user ?? "nginx",
        workerProcesses: args.workerProcesses ?? "auto",
        workerConnections: args.workerConnections ?? 1024,
        clientMaxBodySizeMegabytes: args.clientMaxBodySizeMegabytes ?? 32,
      }),
    },
    { kind: "directory", path: "/etc/nginx/conf.d", context: configurationType },
    { kind: "directory", path: nginxTree.sitesAvailable, ...sites },
    { kind: "directory", path: nginxTree.sitesEnabled, ...sites },
    { kind: "directory", path: nginxTree.locations, context: configurationType },
    // Logs below /etc/nginx would be configuration to SELinux, which nginx may not write.
    { kind: "selinux-context", type: "httpd_log_t", pattern: subtree(logs) },
    ...["", "/nginx", "/nginx/log", "/domains"].map((below) => logDirectory(`${logs}${below}`)),
  ];
}
