import { dirname } from "node:path/posix";
import type { remote } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import { HostComponent } from "../host/HostComponent";
import type { Host } from "../host/Host";
import type { ResourceManifest } from "../host/manifest/manifest";
import { subtree } from "../host/manifest/subtree";
import { renderRobotsLocation } from "../templates/nginx";
import { renderRobots } from "../templates/robots";
import type { SiteLocations } from "./nginx/SiteLocations";
import { whenKnown } from "./whenKnown";

/** Inputs of {@link RobotsTxt}. */
export interface RobotsTxtArgs {
  host: Host;
  /** Where the file stands on the host. @default "/microarray/robots/robots.txt" */
  path?: string;
  /**
   * Lines of the file.
   *
   * @default ["User-agent: *", "Disallow: /"]: nothing of the site is indexed
   */
  rules?: pulumi.Input<readonly pulumi.Input<string>[]>;
}

/**
 * robots.txt, which keeps spiders from indexing the site's content.
 *
 * The site that it is given to, among its `locations`, serves it at /robots.txt.
 */
export class RobotsTxt extends HostComponent implements SiteLocations {
  readonly concern = "robots";
  readonly content: string;
  readonly dependsOn: readonly pulumi.Resource[];
  readonly path: string;
  readonly command: remote.Command;

  constructor(name: string, args: RobotsTxtArgs, opts?: pulumi.ComponentResourceOptions) {
    super({ type: "RobotsTxt" }, name, opts);
    this.path = args.path ?? "/microarray/robots/robots.txt";
    const directory = dirname(this.path);

    const content = "httpd_sys_content_t";
    const manifest = whenKnown(
      { rules: args.rules ?? ["User-agent: *", "Disallow: /"] },
      ({ rules }): ResourceManifest => ({
        subsystem: "none",
        entries: [
          { kind: "selinux-context", type: content, pattern: subtree(directory) },
          { kind: "directory", path: dirname(directory) },
          { kind: "directory", path: directory, context: content },
          { kind: "file", path: this.path, context: content, content: renderRobots(rules) },
        ],
      }),
    );
    this.command = args.host.converge(name, manifest, { parent: this });
    this.content = renderRobotsLocation({ path: this.path });
    this.dependsOn = [this.command];
    this.registerOutputs({ path: this.path });
  }
}
