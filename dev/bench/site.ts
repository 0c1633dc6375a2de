import type { LabHost } from "../lab/host";
import type { SiteAddress } from "./answers";
import type { PackageIndex } from "./packageIndex";

/** Version of uWSGI that every contender installs: the default of tracks:uwsgiVersion. */
export const uwsgiVersion = "2.0.31";

/** Server name of the benchmark's sites, which no DNS needs to resolve. */
export const serverName = "tracks.test";

/** Site that a contender deploys, and its input. */
export interface Site {
  /** Fresh host for this contender only. */
  readonly host: LabHost;
  /** Folder with the application's source; its content changes from step to step. */
  readonly source: string;
  /** File with the old data, to be loaded once. */
  readonly dump: string;
  readonly packages: PackageIndex;
  /** Empty folder for this contender, removed after the run. */
  readonly folder: string;
}

/** Address of a host's site. */
export function siteAddress(host: LabHost): SiteAddress {
  return { address: host.address, serverName };
}
