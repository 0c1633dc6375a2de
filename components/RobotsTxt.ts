import { dirname } from "node:path/posix";
import type { remote } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import { HostComponent } from "../host/HostComponent";
import type { ManifestEntry, ResourceManifest } from "../host/manifest/manifest";
import { subtree } from "../host/manifest/subtree";
import { renderRobotsLocation } from "../templates/nginx";
import { renderRobots } from "../templates/robots";
import type { SiteLocations } from "./nginx/SiteLocations";
import { withDefaults } from "./args/argument";
import { robotsTxtArguments, type RobotsTxtArgs } from "./args/RobotsTxt";
import { checked } from "./whenKnown";

/**
 * robots.txt, which tells crawlers what they may read.
 *
 * The site that has it among its `locations` serves it at /robots.txt.
 *
 * @example
 * ```ts
 * const robots = new RobotsTxt("robots", { host, path: "/srv/docs/robots/robots.txt" });
 * ```
 */
export class RobotsTxt extends HostComponent implements SiteLocations {
  readonly concern = "robots";
  readonly content: string;
  readonly dependsOn: readonly pulumi.Resource[];
  readonly path: string;
  readonly command: remote.Command;

  constructor(name: string, args: RobotsTxtArgs, opts?: pulumi.ComponentResourceOptions) {
    const { host, transform, ...values } = withDefaults(robotsTxtArguments, args);
    const { path } = values;
    super({ type: "RobotsTxt", transform }, name, { path }, opts);
    const whenKnown = checked(this.title, robotsTxtArguments, values);
    this.path = path;
    const manifest = whenKnown(({ rules }): ResourceManifest => ({
      subsystem: "none",
      entries: entries(path, renderRobots(rules)),
    }));
    this.command = host.converge(name, manifest, { parent: this });
    this.content = renderRobotsLocation({ program: this.program, path });
    this.dependsOn = [this.command];
    this.registerOutputs({ path: this.path });
  }
}

function entries(path: string, content: string): ManifestEntry[] {
  const directory = dirname(path);
  const context = "httpd_sys_content_t";
  return [
    { kind: "selinux-context", type: context, pattern: subtree(directory) },
    { kind: "directory", path: dirname(directory) },
    { kind: "directory", path: directory, context },
    { kind: "file", path, context, content },
  ];
}
