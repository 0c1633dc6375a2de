import type { Log } from "../protocol/resource";

/** Bytes of a line, with its newline, from which on the real provider hangs. */
const longestLine = 64 * 1024;
const newline = 0x0a;

/**
 * Shows what a command prints line by line while it runs.
 *
 * A line over 64 KiB makes the real provider hang forever. Here it is an error that says so, since
 * a hanging test would not show why.
 */
export class LineLog {
  private pending = Buffer.alloc(0);
  private tooLong = false;
  private sent: Promise<void> = Promise.resolve();

  constructor(private readonly log: Log) {}

  write(chunk: Buffer): void {
    if (this.tooLong) return;
    this.pending = Buffer.concat([this.pending, chunk]);
    let end = this.pending.indexOf(newline);
    while (end !== -1) {
      this.take(this.pending.subarray(0, end));
      this.pending = this.pending.subarray(end + 1);
      end = this.pending.indexOf(newline);
    }
    this.refuse(this.pending.length >= longestLine);
  }

  /** Resolves when everything is shown. */
  async end(): Promise<void> {
    if (this.pending.length > 0) this.take(this.pending);
    await this.sent;
    if (this.tooLong)
      throw new Error(
        "the command printed a line of 64 KiB or more, with which the real provider hangs forever: " +
          "print shorter lines, or set logging to none",
      );
  }

  private take(line: Buffer): void {
    this.refuse(line.length + 1 > longestLine);
    if (this.tooLong) return;
    const message = line.toString("utf8").replace(/\r$/, "");
    this.sent = this.sent.then(() => this.log.status(message));
  }

  private refuse(tooLong: boolean): void {
    if (!tooLong) return;
    this.tooLong = true;
    this.pending = Buffer.alloc(0);
  }
}
