import type { Deployment } from "../e2e/deployment";

/** What SELinux refused, as the audit log has it. */
export interface Denial {
  /** The event's number, by which the log knows it. */
  id: string;
  /** The whole line. */
  line: string;
  /** Whether the deployment answers for it. */
  ours: boolean;
}

/** Domains that do the site's work. */
const SUBJECTS = /\bscontext=\S+:(httpd_t|logrotate_t):/;
/** What a deployment makes; a denial of anything below is ours, whoever it was refused to. */
const PLACES = ["/microarray", "/etc/nginx", "/var/log", "/var/lib/tracks"];

/** The machine's audit log, of which each denial is shown once. */
export class AuditLog {
  private readonly seen = new Set<string>();

  constructor(
    private readonly deployment: Deployment,
    private readonly places: readonly string[] = PLACES,
  ) {}

  /** What was refused since the last call, from the start of the machine on. */
  async since(): Promise<Denial[]> {
    const log = await this.deployment.onHost(
      "cat $(ls -tr /var/log/audit/audit.log*) | grep -E 'avc: +denied' || true",
    );
    const found = log
      .split("\n")
      .map((line) => ({ line, id: /msg=audit\(([^)]*)\)/.exec(line)?.[1] ?? "" }))
      .filter(({ id }) => id !== "" && !this.seen.has(id));
    for (const { id } of found) this.seen.add(id);
    const below = await this.inodesBelow(found.map(({ line }) => line));
    return found.map(({ id, line }) => ({ id, line, ours: this.isOurs(line, below) }));
  }

  private isOurs(line: string, below: ReadonlySet<string>): boolean {
    const [, inode = ""] = /\bino=(\d+)/.exec(line) ?? [];
    const [, path = ""] = /\bpath="([^"]*)"/.exec(line) ?? [];
    const inPlaces = this.places.some((place) => path === place || path.startsWith(`${place}/`));
    return SUBJECTS.test(line) || inPlaces || (inode !== "" && below.has(inode));
  }

  /** A line has no path but a name and an inode of the disk: which of them lie in our places? */
  private async inodesBelow(lines: readonly string[]): Promise<ReadonlySet<string>> {
    const inodes = lines.flatMap((line) => /\bdev="vda" ino=(\d+)/.exec(line)?.[1] ?? []);
    if (inodes.length === 0) return new Set();
    const tests = inodes.map((inode) => `-inum ${inode}`).join(" -o ");
    const places = this.places.join(" ");
    const found = await this.deployment.onHost(
      `find ${places} -xdev \\( ${tests} \\) -printf '%i\\n' 2>/dev/null || true`,
    );
    return new Set(found.split("\n"));
  }
}
