import type { remote } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/Host";
import { HostComponent } from "../host/HostComponent";
import type { ManifestEntry, ResourceManifest } from "../host/manifest/manifest";
import { literally } from "../host/manifest/subtree";
import type { DataMigration } from "./DataMigration";
import type { DjangoApp } from "./DjangoApp";
import type { Uwsgi } from "./Uwsgi";
import { ArgumentsError } from "./ArgumentsError";
import { whenKnown } from "./whenKnown";

/** Inputs of {@link UwsgiService}. */
export interface UwsgiServiceArgs {
  /** The host that the service runs on. */
  host: Host;
  /** Program and configuration of the service. */
  uwsgi: Uwsgi;
  /**
   * The application that the service runs. It must have the same {@link Uwsgi}, whose files it installs.
   *
   * @default none: another program provides release, virtualenv and user, and this component installs the files
   */
  app?: DjangoApp;
  /**
   * Data to load before the service starts, since rows that visitors write earlier would prevent the load.
   *
   * @default none
   */
  migration?: DataMigration;
}

/**
 * The service `uwsgi`, enabled and running: it loads the application's current release.
 *
 * @example
 * ```ts
 * new UwsgiService("uwsgi", { host, uwsgi, app }, { dependsOn: deployer.account });
 * ```
 */
export class UwsgiService extends HostComponent {
  /** Starts and checks the service: resources that need the application to answer depend on it. */
  readonly command: remote.Command;

  constructor(name: string, args: UwsgiServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super({ type: "UwsgiService" }, name, {}, opts);
    const { app, host, migration, uwsgi } = args;
    if (app !== undefined && app.uwsgi !== uwsgi) {
      throw new ArgumentsError(`UwsgiService "${name}"`, [
        {
          propertyPath: "app",
          given: `the DjangoApp "${app.name}", which has another Uwsgi or none`,
          allowed: "a DjangoApp with the same Uwsgi, whose files it installs",
        },
      ]);
    }
    const manifest = whenKnown(
      { files: app === undefined ? uwsgi.files : [] },
      ({ files }): ResourceManifest => ({
        subsystem: "uwsgi",
        entries: [
          ...files,
          // Without it nginx (httpd_t) may not connect to the port of an application.
          { kind: "selinux-boolean", name: "httpd_can_network_connect", value: "on" },
          ...logContext(uwsgi.log),
          { kind: "service", name: "uwsgi" },
        ],
      }),
    );
    this.command = host.converge(name, manifest, {
      parent: this,
      dependsOn: [
        uwsgi.install,
        ...(app === undefined ? [] : [app.command]),
        ...(migration === undefined ? [] : [migration.command]),
      ],
    });
    this.registerOutputs({ socket: uwsgi.socket });
  }
}

/** Below /var/log the policy labels logs itself; elsewhere SELinux might keep logrotate away from them. */
function logContext(log: string): ManifestEntry[] {
  if (log.startsWith("/var/log/")) return [];
  const pattern = `${literally(log.replace(/\.log$/, ""))}\\..*`;
  return [{ kind: "selinux-context", type: "var_log_t", pattern }];
}
