import { open as openLocal } from "node:fs/promises";
import { dirname } from "node:path/posix";
import type { Client, SFTPWrapper } from "ssh2";

/** Bytes of one write, which every server accepts, and number of parallel writes. */
const chunkSize = 32 * 1024;
const inFlight = 32;
/** Status code of SFTP for a path that does not exist. */
const noSuchFile = 2;

/** File operations that a copy needs, as promises. */
export class Sftp {
  private constructor(private readonly session: SFTPWrapper) {}

  static open(client: Client): Promise<Sftp> {
    return new Promise((resolve, reject) => {
      client.sftp((error, session) => {
        if (error) reject(error);
        else resolve(new Sftp(session));
      });
    });
  }

  /** What is at the path, with links followed; undefined when nothing is. */
  stat(path: string): Promise<"directory" | "other" | undefined> {
    return new Promise((resolve, reject) => {
      this.session.stat(path, (error, stats) => {
        if (error === undefined) resolve(stats.isDirectory() ? "directory" : "other");
        else if (statusOf(error) === noSuchFile) resolve(undefined);
        else reject(new Error(`failed to stat remote path ${path}: ${error.message}`));
      });
    });
  }

  /** Creates one directory with the server's default mode. */
  makeDirectory(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.session.mkdir(path, (error) => {
        if (error) reject(new Error(`failed to create remote directory ${path}: ${String(error)}`));
        else resolve();
      });
    });
  }

  /** Creates a directory and missing parents. */
  async makeDirectories(path: string): Promise<void> {
    if (path === "." || (await this.stat(path)) === "directory") return;
    await this.makeDirectories(dirname(path));
    await this.makeDirectory(path);
  }

  /** Writes a local file over the remote one in place: same inode, owner and mode as before. */
  async copyFile(source: string, path: string): Promise<void> {
    const local = await openLocal(source, "r");
    try {
      await this.write(path, async (position) => {
        const { bytesRead, buffer } = await local.read(
          Buffer.alloc(chunkSize * inFlight),
          0,
          chunkSize * inFlight,
          position,
        );
        return buffer.subarray(0, bytesRead);
      });
    } finally {
      await local.close();
    }
  }

  /** Writes a text over the remote file in place. */
  async copyText(text: string, path: string): Promise<void> {
    const content = Buffer.from(text);
    await this.write(path, (position) =>
      Promise.resolve(content.subarray(position, position + chunkSize * inFlight)),
    );
  }

  /** @param next returns the bytes from a position on; none at the end */
  private async write(path: string, next: (position: number) => Promise<Buffer>): Promise<void> {
    const handle = await this.create(path);
    try {
      let position = 0;
      for (let part = await next(0); part.length > 0; part = await next(position)) {
        const writes: Promise<void>[] = [];
        for (let start = 0; start < part.length; start += chunkSize)
          writes.push(
            this.writeChunk(handle, part.subarray(start, start + chunkSize), position + start),
          );
        await Promise.all(writes);
        position += part.length;
      }
    } finally {
      await new Promise<void>((resolve) => {
        this.session.close(handle, () => {
          resolve();
        });
      });
    }
  }

  private create(path: string): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.session.open(path, "w+", (error, handle) => {
        if (error) reject(new Error(`failed to create remote file ${path}: ${error.message}`));
        else resolve(handle);
      });
    });
  }

  private writeChunk(handle: Buffer, chunk: Buffer, position: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.session.write(handle, chunk, 0, chunk.length, position, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }
}

function statusOf(error: Error): unknown {
  return "code" in error ? error.code : undefined;
}
