import { basename } from "node:path";
import type { Deployment } from "../e2e/deployment";

/** Denial of SELinux, from the audit log. */
export interface Denial {
  /** The whole line. */
  line: string;
  /** Whether the deployment is responsible for it. */
  ours: boolean;
}

/** Domains that do the site's work. */
const SUBJECTS = /\bscontext=\S+:(httpd_t|logrotate_t):/;
/** Paths that a deployment creates; a denial of anything below is ours, whichever process it affects. */
const PLACES = ["/microarray", "/etc/nginx", "/var/log", "/var/lib/tracks"];
/** Device of the disk: a file on another file system is in none of these paths. */
const DISK = "vda";

/** Audit log of the machine, which returns each denial once. */
export class AuditLog {
  private readonly seen = new Set<string>();
  private looks = 0;

  constructor(
    private readonly deployment: Pick<Deployment, "onHost">,
    private readonly places: readonly string[] = PLACES,
  ) {}

  /**
   * Makes the log record the paths of a denial too, from this call on: a name alone may be anywhere. The kernel
   * records paths only when it has an audit rule; this one is for a system call that nobody makes.
   */
  async tellPaths(): Promise<void> {
    await this.deployment.onHost(`
      echo '-a always,exit -F arch=b64 -S uselib' >/etc/audit/rules.d/paths.rules
      augenrules --load >/dev/null
      sync`);
  }

  /** Counts the denials until now, and does not return them later. */
  async skip(): Promise<number> {
    return this.unseen(await this.read()).length;
  }

  /** Denials since the last call; the first call returns those since the start of the machine. */
  async since(): Promise<Denial[]> {
    const log = await this.read();
    const found = this.unseen(log);
    const files = found.filter((line) => !SUBJECTS.test(line) && isFile(line));
    const places = files.length > 0 ? await this.realPlaces() : [];
    const onDisk = await this.pathsOnDisk(files);
    const isOurs = (line: string): boolean => {
      if (!files.includes(line)) return SUBJECTS.test(line);
      const paths = [...pathsInLog(line, log), ...pathsNow(line, onDisk)];
      // A file counts unless it is known to be elsewhere.
      return paths.length === 0 || paths.some((path) => places.some((place) => isIn(place, path)));
    };
    return found.map((line) => ({ line, ours: isOurs(line) }));
  }

  private unseen(log: readonly string[]): string[] {
    const found = log.filter((line) => /avc: +denied/.test(line) && !this.seen.has(line));
    for (const line of found) this.seen.add(line);
    return found;
  }

  /** Log up to now; fails when the kernel has lost records. */
  private async read(): Promise<string[]> {
    const mark = `look ${++this.looks} at ${Date.now()}`;
    const log = await this.deployment.onHost(`
      logs() { cat $(ls -tr /var/log/audit/audit.log*); }
      auditctl -m '${mark}'
      for tries in {1..300}; do
        ! logs | grep -F '${mark}' >/dev/null || break
        sleep 0.2
      done
      logs | grep -F '${mark}' >/dev/null || { echo 'the audit log has no line of now' >&2; exit 1; }
      auditctl -s | grep -x 'lost 0' >/dev/null || { auditctl -s >&2; exit 1; }
      logs | grep -E 'avc: +denied|^type=PATH ' || true`);
    return log.split("\n");
  }

  /** The paths, and their real paths: a site root may be a link. */
  private async realPlaces(): Promise<string[]> {
    const real = await this.deployment.onHost(
      `for place in ${this.places.join(" ")}; do readlink -f $place; done`,
    );
    return [...this.places, ...real.split("\n")];
  }

  /** Present paths of the inodes in the lines. Some files may not exist any more. */
  private async pathsOnDisk(lines: readonly string[]): Promise<ReadonlyMap<string, string[]>> {
    const inodes = lines.map(inodeOf).filter((inode) => inode !== "");
    const found = new Map<string, string[]>();
    if (inodes.length === 0) return found;
    const tests = inodes.map((inode) => `-inum ${inode}`).join(" -o ");
    const listed = await this.deployment.onHost(
      `find / -xdev \\( ${tests} \\) -printf '%i %p\\n' 2>/dev/null || true`,
    );
    for (const [, inode = "", path = ""] of listed.matchAll(/^(\d+) (.*)$/gm)) {
      found.set(inode, [...(found.get(inode) ?? []), path]);
    }
    return found;
  }
}

/** Is it a denial of a file, and may that be on the disk? */
function isFile(line: string): boolean {
  const device = valueOf("dev", line);
  return /\b(name|path|ino)=/.test(line) && (device === undefined || device === DISK);
}

/** Paths in the log for a denial, in its own line and in the others of its event. */
function pathsInLog(line: string, log: readonly string[]): string[] {
  const event = eventOf(line);
  const inode = inodeOf(line);
  const looked = log
    .filter((other) => /^type=PATH /.test(other) && eventOf(other) === event)
    // A file that was to be created has no inode yet: there the directory's path counts too.
    .filter((other) => inode === "" || valueOf("inode", other) === inode)
    .map((other) => valueOf("name", other));
  // A path that is relative may be so to any directory that the process had open.
  const paths = [valueOf("path", line), ...looked];
  return paths.flatMap((path) => (path?.startsWith("/") === true ? [path] : []));
}

/** Present path of a file. The inode of a removed file may belong to another one, with another name. */
function pathsNow(line: string, onDisk: ReadonlyMap<string, string[]>): readonly string[] {
  const name = valueOf("name", line);
  const paths = onDisk.get(inodeOf(line)) ?? [];
  return paths.filter((path) => name === undefined || (basename(path) || "/") === name);
}

const eventOf = (line: string): string | undefined => /\bmsg=audit\(([^)]*)\)/.exec(line)?.[1];

const inodeOf = (line: string): string => valueOf("ino", line) ?? "";

/** Field of a line: in quotes, plain, or in hexadecimal when it has special characters. */
function valueOf(field: string, line: string): string | undefined {
  const [, quoted, plain = ""] = new RegExp(` ${field}=(?:"([^"]*)"|(\\S+))`).exec(line) ?? [];
  if (quoted !== undefined) return quoted;
  if (plain === "" || plain === "(null)") return undefined;
  const isEncoded = ["path", "name"].includes(field) && /^([0-9A-F]{2})+$/.test(plain);
  return isEncoded ? Buffer.from(plain, "hex").toString() : plain;
}

const isIn = (place: string, path: string): boolean =>
  path === place || path.startsWith(`${place}/`);
