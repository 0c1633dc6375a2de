import type { remote } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import { HostComponent } from "../host/HostComponent";
import type { Host } from "../host/Host";
import type { ManifestEntry, ResourceManifest } from "../host/manifest/manifest";
import { subtree } from "../host/manifest/subtree";
import { type NginxConfView, renderNginxConf } from "../templates/nginx";
import { nginxReopensLogs } from "../templates/logrotate";
import type { LogRotation } from "./Logrotate";
import { configurationType, logDirectory, nginxTree } from "./nginx/tree";
import type { NginxSite } from "./NginxSite";
import { whenKnown } from "./whenKnown";

/** Inputs of {@link Nginx}. */
export interface NginxArgs {
  host: Host;
  /** The sites that it serves; each belongs to one Nginx. */
  sites: readonly NginxSite[];
  /** User of the workers; the package makes it. @default "nginx" */
  user?: pulumi.Input<string>;
  /** Worker processes, or `auto` for one per core. @default "auto" */
  workerProcesses?: pulumi.Input<number | "auto">;
  /** Connections a worker. @default 1024 */
  workerConnections?: pulumi.Input<number>;
  /** Largest request body, megabytes. @default 32 */
  clientMaxBodySizeMegabytes?: pulumi.Input<number>;
  /**
   * Owner of sites-available and sites-enabled. `deployer` as in the notes lets that user decide
   * what root's nginx loads, which is root's power; `root` is the safe alternative.
   *
   * @default "root"
   */
  sitesOwner?: string;
  /** Ports that are open in firewalld, where that runs. @default none */
  openPorts?: pulumi.Input<readonly pulumi.Input<number>[]>;
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
  /** How the logs are rotated that nginx writes, for itself and for its sites: arguments of {@link Logrotate}. */
  readonly rotation: LogRotation;
  /** Converges the tree: what needs a site to be served depends on it. */
  readonly command: remote.Command;

  constructor(name: string, args: NginxArgs, opts?: pulumi.ComponentResourceOptions) {
    super({ type: "Nginx" }, name, opts);
    const { host, sites } = args;
    const logDirectories = [
      "/var/log/nginx",
      `${nginxTree.logs}/nginx/log`,
      ...sites.flatMap((site) => site.logDirectories),
    ];
    this.rotation = {
      file: "nginx",
      logs: logDirectories.map((directory) => `${directory}/*.log`),
      createOwner: "nginx",
      postrotate: nginxReopensLogs,
    };

    const sitesOwner = args.sitesOwner ?? "root";
    const values = {
      conf: {
        user: args.user ?? "nginx",
        workerProcesses: args.workerProcesses ?? "auto",
        workerConnections: args.workerConnections ?? 1024,
        clientMaxBodySizeMegabytes: args.clientMaxBodySizeMegabytes ?? 32,
      },
      sites: sites.map((site) => site.joinTree(this, sitesOwner)),
      openPorts: args.openPorts ?? [],
    };
    const manifest = whenKnown(values, (known): ResourceManifest => ({
      subsystem: "nginx",
      entries: [
        ...tree(known.conf, sitesOwner),
        ...known.sites.flat(),
        // Some packages bring a default server of their own, which goes when a site of ours is one.
        ...(sites.some(({ defaultServer }) => defaultServer) ? [vendorsDefaultServer] : []),
        ...known.openPorts.map((port): ManifestEntry => ({
          kind: "firewall-port",
          protocol: "tcp",
          port,
        })),
        { kind: "service", name: "nginx" },
      ],
    }));
    this.command = host.converge(name, manifest, {
      parent: this,
      dependsOn: sites.flatMap((site) => site.served),
    });
    this.registerOutputs({ command: this.command.id });
  }
}

function tree(conf: NginxConfView, sitesOwner: string): ManifestEntry[] {
  const sites = { owner: sitesOwner, context: configurationType };
  const { logs } = nginxTree;
  return [
    {
      kind: "file",
      path: "/etc/nginx/nginx.conf",
      context: configurationType,
      content: renderNginxConf(conf),
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
