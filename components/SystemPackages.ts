import type { remote } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import { HostComponent } from "../host/HostComponent";
import { type ManifestEntry, type ResourceManifest, yumConf } from "../host/manifest/manifest";
import { renderPipConfiguration, renderYumRepository } from "../templates/yum";
import { withDefaults } from "./args/argument";
import {
  systemPackagesArguments,
  type SystemPackagesArgs,
  systemPackagesRules,
} from "./args/SystemPackages";
import { rememberServer } from "./packages/serverArgument";
import { wantedPackages } from "./packages/wantedPackages";
import { checked } from "./whenKnown";

/**
 * Package repositories, proxies, module streams and packages of the host. Packages stay on destroy: others may
 * need them by then.
 *
 * @example
 * ```ts
 * const packages = new SystemPackages("packages", {
 *   host,
 *   extraPackages: ["htop"],
 *   // The same as the PostgresDatabase on this host gets.
 *   server: { version: "15" },
 * });
 * ```
 */
export class SystemPackages extends HostComponent {
  /** Installs everything, in one command: resources that need a package depend on it. */
  readonly command: remote.Command;

  constructor(name: string, args: SystemPackagesArgs, opts?: pulumi.ComponentResourceOptions) {
    const { host, transform, ...values } = withDefaults(systemPackagesArguments, args);
    const { extraPackages, moduleStreams } = values;
    super({ type: "SystemPackages", transform }, name, { extraPackages, moduleStreams }, opts);
    const whenKnown = checked(this.title, systemPackagesArguments, values, systemPackagesRules);
    const wanted = wantedPackages(values);
    const manifest = whenKnown((known): ResourceManifest => ({
      subsystem: "packages",
      entries: [...repositories(this.program, known), ...pip(this.program, known.pip), ...wanted],
    }));
    rememberServer(host, name, values.server);
    this.command = host.converge(name, manifest, { parent: this });
    this.registerOutputs({
      packages: wanted.flatMap((entry) => (entry.kind === "package" ? [entry.names[0]] : [])),
    });
  }
}

type Values = pulumi.Unwrap<Omit<SystemPackagesArgs, "host">>;

function repositories(program: string, args: Values): ManifestEntry[] {
  const proxy: ManifestEntry[] =
    args.yumProxy === undefined
      ? []
      : [
          {
            kind: "setting",
            path: yumConf,
            section: "main",
            key: "proxy",
            value: args.yumProxy,
          },
        ];
  const files = (args.yumRepositories ?? []).map((repository): ManifestEntry => ({
    kind: "file",
    path: `/etc/yum.repos.d/${repository.id}.repo`,
    content: renderYumRepository(program, repository),
  }));
  return [...proxy, ...files];
}

function pip(program: string, settings: Values["pip"]): ManifestEntry[] {
  const content = renderPipConfiguration(program, settings ?? {});
  return content === undefined ? [] : [{ kind: "file", path: "/etc/pip.conf", content }];
}
