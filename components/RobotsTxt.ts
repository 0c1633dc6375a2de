import { dirname } from "node:path/posix";
import type { remote } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import { HostComponent } from "../host/HostComponent";
import type { Host } from "../host/Host";
import { subtree } from "../host/manifest/subtree";
import { renderRobotsLocation } from "../templates/nginx";
import { renderRobots } from "../templates/robots";
import type { NginxSite } from "./NginxSite";

/** Inputs of {@link RobotsTxt}. */
export interface RobotsTxtArgs {
  host: Host;
  /** The site that serves the file at /robots.txt. */
  site: NginxSite;
  /** Where the file stands on the host. @default "/microarray/robots/robots.txt" */
  path?: string;
  /**
   * Lines of the file.
   *
   * @default ["User-agent: *", "Disallow: /"]: nothing of the site is indexed
   */
  rules?: readonly string[];
  /** What must be there first: the packages, since SELinux types are set with one of them. */
  dependsOn?: readonly pulumi.Resource[];
}

/** robots.txt, which keeps spiders from indexing the site's content. */
export class RobotsTxt extends HostComponent {
  readonly path: string;
  readonly command: remote.Command;

  constructor(name: string, args: RobotsTxtArgs, opts?: pulumi.ComponentResourceOptions) {
    super("RobotsTxt", name, opts);
    this.path = args.path ?? "/microarray/robots/robots.txt";
    const directory = dirname(this.path);

    this.command = args.host.converge(
      name,
      {
        subsystem: "none",
        entries: [
          { kind: "selinux-context", type: "httpd_sys_content_t", pattern: subtree(directory) },
          { kind: "directory", path: dirname(directory) },
          { kind: "directory", path: directory, context: "httpd_sys_content_t" },
          {
            kind: "file",
            path: this.path,
            context: "httpd_sys_content_t",
            content: renderRobots(args.rules ?? ["User-agent: *", "Disallow: /"]),
          },
        ],
      },
      { parent: this, dependsOn: [...(args.dependsOn ?? [])] },
    );
    args.site.addLocations("robots", renderRobotsLocation({ path: this.path }), this.command);
    this.registerOutputs({ path: this.path });
  }
}
