import type { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { HostComponent } from "../host/HostComponent";
import type { ManifestEntry, ResourceManifest } from "../host/manifest/manifest";
import { subtree } from "../host/manifest/subtree";
import { type NginxConfView, renderNginxConf } from "../templates/nginx";
import { nginxReopensLogs } from "../templates/logrotate";
import { withDefaults } from "./args/argument";
import type { LogRotation } from "./args/Logrotate";
import { nginxArguments, type NginxArgs } from "./args/Nginx";
import type { NginxSite } from "./NginxSite";
import { joined } from "./nginx/parts";
import { configurationType, logDirectory, nginxTree } from "./nginx/tree";
import { checked } from "./whenKnown";

const vendorsDefaultServer: ManifestEntry = {
  kind: "absent",
  path: "/etc/nginx/conf.d/default.conf",
  of: "package",
};

/**
 * nginx on one host, and the only owner of its configuration tree.
 *
 * One command applies the whole tree, with the files of each site: one manifest, one test, one reload.
 *
 * @example
 * ```ts
 * const nginx = new Nginx("nginx", { host, sites: [site] }, { dependsOn: packages });
 * ```
 */
export class Nginx extends HostComponent {
  /** Arguments of the {@link Logrotate} for nginx's own logs and those of its sites. */
  readonly rotation: LogRotation;
  /** Applies the tree: resources that need a site to be served depend on it. */
  readonly command: remote.Command;

  constructor(name: string, args: NginxArgs, opts?: pulumi.ComponentResourceOptions) {
    const { host, sites, transform, ...given } = args;
    const settings = withDefaults(nginxArguments, given);
    const { sitesOwner, openPorts } = settings;
    super({ type: "Nginx", transform }, name, { sitesOwner, openPorts }, opts);
    const served = sites.map((site) => site.joinTree(this, sitesOwner));
    const whenKnown = checked(this.title, nginxArguments, { ...settings, served });
    this.rotation = rotation(sites, settings.user);
    const manifest = whenKnown((known): ResourceManifest => ({
      subsystem: "nginx",
      entries: [
        ...joined([
          { of: this.title, entries: tree({ program: this.program, ...known }, sitesOwner) },
          ...known.served,
        ]),
        // Some packages have a default server of their own, which is removed when one of the sites is the
        // default server.
        ...(sites.some(({ defaultServer }) => defaultServer) ? [vendorsDefaultServer] : []),
        ...known.openPorts.map(openPort),
        { kind: "service", name: "nginx" },
      ],
    }));
    this.command = host.converge(name, manifest, {
      parent: this,
      dependsOn: pulumi
        .all(sites.flatMap(({ served, dependencies }) => [served, dependencies ?? []]))
        .apply((resources) => resources.flat()),
    });
    this.registerOutputs({ command: this.command.id });
  }
}

function rotation(sites: readonly NginxSite[], user: pulumi.Input<string>): LogRotation {
  const logDirectories = [
    "/var/log/nginx",
    `${nginxTree.logs}/nginx/log`,
    ...sites.flatMap((site) => site.logDirectories),
  ];
  return {
    file: "nginx",
    logs: logDirectories.map((directory) => `${directory}/*.log`),
    createOwner: user,
    postrotate: nginxReopensLogs,
  };
}

function openPort(port: number): ManifestEntry {
  return { kind: "firewall-port", protocol: "tcp", port };
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
    // For SELinux, logs below /etc/nginx would be configuration, which nginx may not write.
    { kind: "selinux-context", type: "httpd_log_t", pattern: subtree(logs) },
    ...["", "/nginx", "/nginx/log", "/domains"].map((below) => logDirectory(`${logs}${below}`)),
  ];
}
