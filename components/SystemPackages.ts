import type { remote } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import { HostComponent } from "../host/component";
import type { Host } from "../host/Host";
import { type ManifestEntry, yumConf } from "../host/manifest";
import { renderPipConfiguration, renderYumRepository, type YumRepository } from "../templates/yum";

/** Inputs of {@link SystemPackages}. */
export interface SystemPackagesArgs {
  host: Host;
  /**
   * Packages beyond the notes' list. Alternatives are separated by `|`: the first name that the
   * host knows is installed.
   *
   * @default none
   * @example ["tmux", "libjpeg-turbo-devel|libjpeg-devel"]
   */
  extraPackages?: readonly string[];
  /** dnf module streams enabled before anything is installed, such as `postgresql:15`. @default none */
  moduleStreams?: readonly string[];
  /** Repositories beyond the host's own. @default none */
  yumRepositories?: readonly YumRepository[];
  /** Proxy of all yum repositories, as a URL. @default none */
  yumProxy?: string;
  /** Where pip finds packages, and how it gets there. @default pip's own */
  pip?: { indexUrl?: string; proxy?: string; trustedHost?: string };
}

/**
 * The notes' list of packages, under the first name that the host's repositories know, and what
 * pip needs to compile. Packages stay when this is destroyed: others may need them by then.
 */
const notesPackages: readonly [string, ...string[]][] = [
  ["nginx"],
  ["logrotate"],
  ["git"],
  ["python3", "python"],
  ["python3-pip", "python-pip"],
  ["python3-devel", "python-devel"],
  ["gcc"],
  ["make"],
  ["postgresql"],
  ["libpq-devel", "postgresql-devel"],
  ["sqlite"],
  ["sqlite-devel"],
  // semanage, which gives paths and ports their SELinux types.
  ["policycoreutils-python-utils", "policycoreutils-python"],
];

/** Package repositories, proxies, module streams and packages of the host. */
export class SystemPackages extends HostComponent {
  /** The one command that installs everything: what needs a package depends on it. */
  readonly command: remote.Command;

  constructor(name: string, args: SystemPackagesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("SystemPackages", name, opts);
    const extra = (args.extraPackages ?? []).map(
      (names) => names.split("|") as [string, ...string[]],
    );
    const packages = [...notesPackages, ...extra];

    this.command = args.host.converge(
      name,
      {
        subsystem: "packages",
        entries: [
          ...repositories(args),
          ...pip(args),
          ...(args.moduleStreams ?? []).map((stream): ManifestEntry => ({
            kind: "module",
            stream,
          })),
          ...packages.map((names): ManifestEntry => ({ kind: "package", names })),
        ],
      },
      { parent: this },
    );
    this.registerOutputs({ packages: packages.map(([first]) => first) });
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
