import type { remote } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import { HostComponent } from "../host/HostComponent";
import type { Host } from "../host/Host";
import { type ManifestEntry, yumConf } from "../host/manifest/manifest";
import { renderPipConfiguration, renderYumRepository, type YumRepository } from "../templates/yum";
import { type PackageNeeds, wantedPackages } from "./wantedPackages";

/** Inputs of {@link SystemPackages}. */
export interface SystemPackagesArgs extends PackageNeeds {
  host: Host;
  /** Repositories beyond the host's own. @default none */
  yumRepositories?: readonly YumRepository[];
  /** Proxy of all yum repositories, as a URL. @default none */
  yumProxy?: string;
  /** Where pip finds packages, and how it gets there. @default pip's own */
  pip?: { indexUrl?: string; proxy?: string; trustedHost?: string };
}

/**
 * Package repositories, proxies, module streams and packages of the host. Packages stay when this is
 * destroyed: others may need them by then.
 */
export class SystemPackages extends HostComponent {
  /** The one command that installs everything: what needs a package depends on it. */
  readonly command: remote.Command;

  constructor(name: string, args: SystemPackagesArgs, opts?: pulumi.ComponentResourceOptions) {
    super({ type: "SystemPackages" }, name, opts);
    const wanted = wantedPackages(args);

    this.command = args.host.converge(
      name,
      {
        subsystem: "packages",
        entries: [...repositories(args), ...pip(args), ...wanted],
      },
      { parent: this },
    );
    this.registerOutputs({
      packages: wanted.flatMap((entry) => (entry.kind === "package" ? [entry.names[0]] : [])),
    });
  }
}

function repositories(args: SystemPackagesArgs): ManifestEntry[] {
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
    content: renderYumRepository(repository),
  }));
  return [...proxy, ...files];
}

function pip(args: SystemPackagesArgs): ManifestEntry[] {
  const content = renderPipConfiguration(args.pip ?? {});
  return content === undefined ? [] : [{ kind: "file", path: "/etc/pip.conf", content }];
}
