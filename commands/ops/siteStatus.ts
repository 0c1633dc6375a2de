import type { Difference } from "../../host/difference";
import type { Problem } from "../../host/problem";

/** What is known of one service. */
export interface ServiceStatus {
  readonly name: string;
  readonly isRunning: boolean;
  readonly startsAtBoot: boolean;
  /** Process id of the master; undefined where there is none. */
  readonly pid: number | undefined;
  readonly seconds: number | undefined;
  readonly workers: number | undefined;
}

/** The state of a site, as `--json` prints it. */
export interface SiteStatus {
  readonly isFine: boolean;
  readonly problems: readonly Problem[];
  readonly services: readonly ServiceStatus[];
  /** Workers of uWSGI by their state: `idle`, `busy` ... */
  readonly workers: Readonly<Record<string, number>>;
  readonly release: { readonly name: string; readonly since: string } | undefined;
  readonly disks: readonly {
    readonly mount: string;
    readonly usedPercent: number;
    readonly availableMegabytes: number;
  }[];
  /** Runs that change the host at this moment: a deployment, or another verb. What they change may not be fine yet. */
  readonly changing: readonly {
    /** What they change, such as `nginx` or `application`. */
    readonly subsystem: string;
    /** What the run says of itself, such as `pid 4711 (apply tracks.dev/nginx, since 2026-01-31T12:00:00Z)`. */
    readonly by: string;
  }[];
  /** Runs that ended in the middle, whose changes nobody has undone yet. */
  readonly interrupted: readonly { readonly subsystem: string; readonly resource: string }[];
  /** The resources that the host has otherwise than they were applied. */
  readonly drift: readonly {
    readonly resource: string;
    readonly differences: readonly Difference[];
  }[];
}
