import { Header, Pax } from "tar";

/** Properties in which the entries of the archive differ. */
export interface TarEntry {
  type: "File" | "Directory" | "SymbolicLink";
  /** Path within the archive, with slashes, but none at its end. */
  path: string;
  executable?: boolean;
  /** Whether only its owner may read it. @default false */
  private?: boolean;
  /** Bytes of the content that follows, without the padding. @default 0 */
  size?: number;
  /** Target of a symbolic link, as written there. */
  linkpath?: string;
}

/**
 * Bytes of a block of a tar archive. tar's own Pack would write the same bytes, but takes 60 ms more for a
 * thousand files.
 */
const block = 512;

/** The same time for all entries, so that equal trees have equal archives. GNU tar warns of the epoch itself. */
const mtime = new Date("1980-01-01T00:00:00Z");

/** Header of an entry, after an extended one where the plain one is too small. */
export function tarHeader(entry: TarEntry): Buffer {
  const { type, path, size, linkpath } = entry;
  const folder = type === "Directory";
  const fields = {
    path: folder ? `${path}/` : path,
    linkpath,
    size: size ?? 0,
    mode: modeOf(entry),
    uid: 0,
    gid: 0,
    mtime,
  };
  const plain = Buffer.alloc(block);
  const header = new Header({ ...fields, type });
  if (!header.encode(plain)) return plain;
  return Buffer.concat([new Pax(fields).encode(), plain]);
}

function modeOf({ type, executable, private: isPrivate }: TarEntry): number {
  const mode = type === "File" && executable !== true ? 0o644 : 0o755;
  return isPrivate === true ? mode & 0o700 : mode;
}

/** Zeros that fill the last block of a file of this size. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((block - (size % block)) % block);
}

/** Two empty blocks end an archive. */
export const tarEnd = Buffer.alloc(2 * block);
