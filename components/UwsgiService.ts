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
  host: Host;
  uwsgi: Uwsgi;
  /**
   * The application that the service runs, which brings the service's files when it was given the same
   * {@link Uwsgi}.
   *
   * @default none of this program: release, virtualenv and user come from elsewhere, the files from here
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
  /** Starts and proves the service: what needs the application to answer depends on it. */
  readonly command: remote.Command;

  constructor(name: string, args: UwsgiServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super({ type: "UwsgiService" }, name, {}, opts);
    const { app, host, migration, uwsgi } = args;
    if (app !== undefined && app.uwsgi !== uwsgi) {
      throw new ArgumentsError(`UwsgiService "${name}"`, [
        {
          propertyPath: "app",
          given: `${app.name}, which is not deployed with this Uwsgi`,
          allowed: "both the same Uwsgi: the application brings its files",
        },
      ]);
    }
    const manifest = whenKnown(
      { files: app === undefined ? uwsgi.files : [] },
      ({ files }): ResourceManifest => ({
        subsystem: "uwsgi",
        entries: [
          ...files,
          // httpd_t, as nginx runs, may connect to no port of an application by itself.
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

/** Below /var/log the policy knows logs for what they are; elsewhere logrotate might not touch them. */
function logContext(log: string): ManifestEntry[] {
  if (log.startsWith("/var/log/")) return [];
  const pattern = `${literally(log.replace(/\.log$/, ""))}\\..*`;
  return [{ kind: "selinux-context", type: "var_log_t", pattern }];
}
