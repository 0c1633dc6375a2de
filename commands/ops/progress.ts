import { Transform } from "node:stream";

/** Tells a person how much has gone through. */
export class Progress extends Transform {
  bytes = 0;
  private told = Date.now();
  private hasTold = false;

  constructor(private readonly what: string) {
    super();
  }

  /** What is said next begins on a line of its own. */
  override _flush(done: () => void) {
    if (this.hasTold) process.stderr.write("\n");
    done();
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: (error: null, data: Buffer) => void) {
    this.bytes += chunk.length;
    if (process.stderr.isTTY && Date.now() - this.told > 1000) {
      this.told = Date.now();
      this.hasTold = true;
      process.stderr.write(`\r${this.what} ${inWords(this.bytes)} `);
    }
    done(null, chunk);
  }
}

/** A size for a person: `1234 bytes`, `1.2 MB`. */
export function inWords(bytes: number): string {
  return bytes < 100_000 ? `${bytes} bytes` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
