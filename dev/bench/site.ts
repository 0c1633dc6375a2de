import type { LabHost } from "../lab/host";
import type { SiteAddress } from "./answers";
import type { PackageIndex } from "./packageIndex";

/** Version of uWSGI that every contender installs: the default of tracks:uwsgiVersion. */
export const uwsgiVersion = "2.0.31";

/** The name that the benchmark's sites answer to; nobody resolves it. */
export const serverName = "tracks.test";

/** What a contender brings about, and with what. */
export interface Site {
  /** A fresh host of the contender's own. */
  readonly host: LabHost;
  /** Folder with the application's source; its content changes from step to step. */
  readonly source: string;
  /** The old data, to be loaded once. */
  readonly dump: string;
  readonly packages: PackageIndex;
  /** Empty, the contender's own, removed after the run. */
  readonly folder: string;
}

/** Where a host's site is asked. */
export function siteAddress(host: LabHost): SiteAddress {
  return { address: host.address, serverName };
}
