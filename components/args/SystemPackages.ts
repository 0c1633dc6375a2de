import type * as pulumi from "@pulumi/pulumi";
import type { Host } from "../../host/Host";
import type { FileArgs } from "../../host/HostComponent";
import { listOf, text } from "../../host/manifest/value";
import { packageName, postgresVersion, url } from "../../host/manifest/values";
import type { YumRepository } from "../../templates/yum";
import type { PackageNeeds } from "../packages/wantedPackages";
import { yumRepository } from "../packages/yumRepository";
import { type ArgumentError, type ArgumentTable, withDefault, withoutDefault } from "./argument";

/** Inputs of `SystemPackages`. */
export interface SystemPackagesArgs extends PackageNeeds, FileArgs {
  /** The host to install packages on. */
  host: Host;
  /** Repositories besides the host's own. @default [] */
  yumRepositories?: pulumi.Input<readonly pulumi.Input<YumRepository>[]>;
  /** Proxy of all yum repositories, as a URL. @default none */
  yumProxy?: pulumi.Input<string | undefined>;
  /**
   * Package index of pip, and the way to it.
   *
   * @default pip's own
   * @see https://pip.pypa.io/en/stable/cli/pip_install/
   */
  pip?: {
    /** URL of the package index. */
    indexUrl?: pulumi.Input<string | undefined>;
    /** URL of the proxy. */
    proxy?: pulumi.Input<string | undefined>;
    /** Host, with its port if any, that pip trusts without a valid certificate. */
    trustedHost?: pulumi.Input<string | undefined>;
  };
}

/** Stream of a module of dnf. */
const moduleStream = text(
  "`MODULE:STREAM`",
  /^[A-Za-z0-9][A-Za-z0-9._+-]*:[A-Za-z0-9][A-Za-z0-9._+-]*$/,
);

/** Kinds of values of the arguments, and their defaults. */
export const systemPackagesArguments = {
  extraPackages: withDefault(listOf(packageName, "package names"), []),
  moduleStreams: withDefault(listOf(moduleStream, "module streams"), []),
  yumRepositories: withDefault(listOf(yumRepository, "repositories"), []),
  yumProxy: withoutDefault(url),
  "server.version": withoutDefault(postgresVersion),
  "server.packages": withoutDefault(listOf(packageName, "package names")),
  "pip.indexUrl": withoutDefault(url),
  "pip.proxy": withoutDefault(url),
  "pip.trustedHost": withoutDefault(
    text("a host name, with `:PORT` if any", /^[A-Za-z0-9.-]+(?::\d{1,5})?$/),
  ),
} satisfies ArgumentTable<SystemPackagesArgs>;

/** Checks repositories together: yum takes the last of two with one id, without a word. */
export function systemPackagesRules({
  yumRepositories = [],
}: {
  readonly yumRepositories?: readonly Pick<YumRepository, "id">[];
}): ArgumentError[] {
  const ids = yumRepositories.map(({ id }) => id);
  return ids.flatMap((id, index) =>
    ids.indexOf(id) === index
      ? []
      : [
          {
            propertyPath: `yumRepositories[${index}].id`,
            given: `"${id}", a second time`,
            allowed: "an id of its own for each repository",
          },
        ],
  );
}
