import type * as pulumi from "@pulumi/pulumi";
import type { Host } from "../../host/Host";
import type { FileArgs } from "../../host/HostComponent";
import { either, integer, listOf, oneOf } from "../../host/manifest/value";
import { loginName, port } from "../../host/manifest/values";
import type { NginxSite } from "../NginxSite";
import { type ArgumentTable, withDefault } from "./argument";

/** Inputs of `Nginx`. */
export interface NginxArgs extends FileArgs {
  /** The host that nginx runs on. */
  host: Host;
  /** The sites that nginx serves; each belongs to one Nginx. */
  sites: readonly NginxSite[];
  /** User of the workers, which nginx's package creates. @default "nginx" */
  user?: pulumi.Input<string>;
  /**
   * Worker processes, or `auto` for one per core.
   *
   * @default "auto"
   * @see https://nginx.org/en/docs/ngx_core_module.html#worker_processes
   */
  workerProcesses?: pulumi.Input<number | "auto">;
  /** Number of connections that one worker keeps open at a time. @default 1024 */
  workerConnections?: pulumi.Input<number>;
  /** Size of the largest request body, such as an upload, in megabytes. @default 32 */
  clientMaxBodySizeMegabytes?: pulumi.Input<number>;
  /**
   * Owner of sites-available and sites-enabled. Any other user than root thereby decides what nginx loads as
   * root, which is root's power.
   *
   * @default "root"
   */
  sitesOwner?: string;
  /** Ports to open in firewalld, where that runs. @default [] */
  openPorts?: pulumi.Input<readonly pulumi.Input<number>[]>;
}

/** Kinds of values of the arguments, and their defaults. */
export const nginxArguments = {
  user: withDefault(loginName, "nginx"),
  workerProcesses: withDefault<number | "auto">(
    either(oneOf("auto"), integer("a number", 1, 1024)),
    "auto",
  ),
  workerConnections: withDefault(integer("a number", 16, 1_000_000), 1024),
  clientMaxBodySizeMegabytes: withDefault(integer("megabytes", 1, 102_400), 32),
  sitesOwner: withDefault(loginName, "root"),
  openPorts: withDefault(listOf(port, "ports"), []),
} satisfies ArgumentTable<NginxArgs>;
