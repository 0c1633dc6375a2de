import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { startVerb } from "../../../host/script/verb";
import type { RemoteProcess } from "../../../host/ssh/process";
import type { Session } from "../../../host/ssh/session";
import { Progress } from "../progress";
import { applicationOf, applicationWords, type Site } from "../site";
import { verbOutput } from "../verbOutput";
import type { ScrubRule } from "./scrub";

/** What leaves the source, and what is in place of it. */
export interface Selection {
  /** Whether the users' passwords and e-mail addresses are replaced. */
  readonly defaults: boolean;
  readonly scrub: readonly ScrubRule[];
  /** Models whose rows stay there. */
  readonly exclude: readonly string[];
}

/** A migration that data were written with. */
interface Migration {
  /** `APP.NAME`. */
  readonly name: string;
  /** Migrations that it stands for. */
  readonly replaces: readonly string[];
}

/** What the source says about its data. */
export interface SourceFacts {
  /** Tells the sqlite file from all others, on whatever host; null for a server. */
  readonly file: string | null;
  readonly migrations: readonly Migration[];
  /** Each field that is replaced, and how. */
  readonly scrub: readonly string[];
}

/** What the target says about the data that it would get. */
export interface TargetFacts {
  /** Path of the sqlite file. */
  readonly path: string;
  /** As {@link SourceFacts.file}; null where there is none. */
  readonly file: string | null;
  /** Migrations of the data that the release lacks. */
  readonly lacking: readonly string[];
  /** Migrations of the release that the database lacks; null where there is no database. */
  readonly pending: readonly string[] | null;
}

/** A dump in a file of this machine. */
export interface Dump {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
}

/** Seconds that a deployment under way is waited for. */
const waitSeconds = 120;

/** The site whose data are copied. */
export class CopySource {
  constructor(
    private readonly site: Site,
    private readonly target: Pick<Site, "scope">,
    private readonly selection: Selection,
  ) {}

  /** Reads no data. @throws HostError for a field or model that there is not */
  async look(session: Session): Promise<SourceFacts> {
    const remote = await this.start(session, "look");
    const answer = await verbOutput(remote, text(remote.stdout), this.subject("can't be copied"));
    return JSON.parse(answer) as SourceFacts;
  }

  /** Streams the data, scrubbed, into a file that must not be there. */
  async dump(session: Session, path: string): Promise<Dump> {
    const file = await open(path, "wx", 0o600);
    const remote = await this.start(session, "dump");
    const progress = new Progress("received");
    const hash = createHash("sha256");
    const hashed = async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        yield chunk;
      }
    };
    const target = file.createWriteStream({ flush: true });
    const written = pipeline(remote.stdout, progress, hashed, target);
    await verbOutput(remote, written, this.subject("were not copied"));
    return { path, size: progress.bytes, sha256: hash.digest("hex") };
  }

  private async start(session: Session, mode: "look" | "dump"): Promise<RemoteProcess> {
    const { site, selection, target } = this;
    const words = [
      ...["copy-out", mode, ...applicationWords(applicationOf(site))],
      ...[`to=${target.scope}`, `scrub=${selection.defaults ? "yes" : "no"}`],
    ];
    const remote = await startVerb(session, site.connection, { scope: site.scope, words });
    send(remote, selection);
    return remote;
  }

  private subject(what: string): string {
    return `The data of the stack ${this.site.stack} ${what}`;
  }
}

/** The site whose data are replaced. */
export class CopyTarget {
  constructor(
    private readonly site: Site,
    private readonly source: Pick<Site, "scope">,
  ) {}

  /** Changes nothing. */
  async look(session: Session, { migrations }: SourceFacts): Promise<TargetFacts> {
    const remote = await this.start(session, "look");
    send(remote, { migrations });
    const answer = await verbOutput(remote, text(remote.stdout), this.subject("can't take a copy"));
    return JSON.parse(answer) as TargetFacts;
  }

  /**
   * Replaces the data, or leaves them as they are.
   *
   * @param tell gets each line that the host says, when it says it: `backup PATH`, `loaded ...`, `note ...`
   */
  async load(session: Session, dump: Dump, tell: (line: string) => void): Promise<void> {
    const remote = await this.start(session, "load");
    send(remote, { size: dump.size, sha256: dump.sha256 });
    const sending = pipeline(createReadStream(dump.path), new Progress("sent"), remote.stdin, {
      end: false,
    });
    // A program that fails reads no further: its own words are the reason.
    sending.catch(() => undefined);
    const lines = createInterface({ input: remote.stdout, crlfDelay: Infinity });
    lines.on("line", tell);
    const closed = new Promise<void>((resolve) => lines.once("close", resolve));
    await verbOutput(remote, closed, this.subject("keeps its data: nothing was loaded"));
  }

  private async start(session: Session, mode: "look" | "load"): Promise<RemoteProcess> {
    const { site, source } = this;
    const application = applicationOf(site);
    const words = [
      ...["copy-in", mode, ...applicationWords(application)],
      ...[`backups=${application.backups}`, `from=${source.scope}`],
    ];
    return startVerb(session, site.connection, { scope: site.scope, words, waitSeconds });
  }

  private subject(what: string): string {
    return `The stack ${this.site.stack} ${what}`;
  }
}

/** The request is one line; what follows it, and the end of stdin, has a meaning of its own. */
function send(remote: RemoteProcess, request: object): void {
  remote.stdin.write(`${JSON.stringify(request)}\n`);
}
