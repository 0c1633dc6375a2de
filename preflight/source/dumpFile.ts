import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import type { LocalFile } from "../../host/Host";
import { UserError } from "../../host/userError";

/** The dump can't be read on this machine, or is no dump. */
export class DumpError extends UserError {
  constructor(message: string) {
    super("DumpError", message);
  }
}

/** What a file begins with that is something else than `dumpdata` wrote, and what to do about it. */
const FORMATS: readonly [bytes: string | Buffer, is: string, fix: (path: string) => string][] = [
  [Buffer.of(0x1f, 0x8b), "is compressed with gzip", (path) => unpack(`gzip -dc "${path}"`)],
  ["BZh", "is compressed with bzip2", (path) => unpack(`bzip2 -dc "${path}"`)],
  [
    Buffer.of(0xfd, 0x37, 0x7a, 0x58, 0x5a),
    "is compressed with xz",
    (path) => unpack(`xz -dc "${path}"`),
  ],
  [
    Buffer.of(0x28, 0xb5, 0x2f, 0xfd),
    "is compressed with zstd",
    (path) => unpack(`zstd -dc "${path}"`),
  ],
  ["PK\u0003\u0004", "is a zip archive", (path) => unpack(`unzip -p "${path}"`)],
  ["PGDMP", "is a backup by pg_dump", () => fromDjango],
  ["--", "is SQL", () => fromDjango],
  ["SQLite format 3", "is a database of SQLite", () => fromDjango],
  ["<", "is XML", () => fromDjango],
  ["- ", "is YAML", () => fromDjango],
  ...[Buffer.of(0xff, 0xfe), Buffer.of(0xfe, 0xff), "[\0", "\0["].map(
    (bytes): (typeof FORMATS)[number] => [bytes, "is UTF-16, as PowerShell's > writes it", toUtf8],
  ),
];

const fromDjango =
  "have the old site's Django write it: python manage.py dumpdata --output old.json";
const unpack = (command: string): string => `unpack it and name the result: ${command} >old.json`;

function toUtf8(path: string): string {
  return `name it in UTF-8: iconv -f UTF-16 -t UTF-8 "${path}" >old.json; or write it with dumpdata's --output`;
}

/**
 * Looks at a dump on this machine: its format, its encoding and its digest, read as a stream.
 *
 * What is inside is the host's to check, which has the application's models.
 *
 * @throws DumpError when it can't be read, or is not what `dumpdata` writes, or not whole
 */
export async function dumpFile(path: string): Promise<LocalFile> {
  const digest = createHash("sha256");
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let first: Buffer | undefined;
  let last = "";
  let isText = true;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      first ??= chunk;
      digest.update(chunk);
      last = lastCharacter(chunk) ?? last;
      isText &&= isUtf8(decoder, chunk);
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw new DumpError(
      `the dump "${path}" can't be read${code === "" ? "" : ` (${code})`}: name the file that manage.py dumpdata wrote`,
    );
  }
  const fault =
    formatFault(path, first ?? Buffer.alloc(0), last) ??
    (isText
      ? undefined
      : `is not UTF-8: name it in UTF-8, from the encoding that it has: iconv -f LATIN1 -t UTF-8 "${path}" >old.json`);
  if (fault !== undefined) throw new DumpError(`the dump "${path}" ${fault}`);
  return { path, sha256: digest.digest("hex"), bytes: statSync(path).size };
}

function isUtf8(decoder: InstanceType<typeof TextDecoder>, chunk: Buffer): boolean {
  try {
    decoder.decode(chunk, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function formatFault(path: string, first: Buffer, last: string): string | undefined {
  for (const [bytes, is, fix] of FORMATS) {
    if (first.subarray(0, bytes.length).equals(Buffer.from(bytes))) {
      return `${is}, and not the JSON that manage.py dumpdata writes: ${fix(path)}`;
    }
  }
  const text = first
    .toString("utf8")
    .replace(/^\uFEFF/, "")
    .trimStart();
  if (text === "" && last === "") return `is empty: ${fromDjango}`;
  if (/^\{\s*"(?:model|pk|fields)"/.test(text)) {
    return `is JSON lines, one row in each: ${fromDjango}`;
  }
  if (text !== "" && !text.startsWith("[")) {
    return `does not begin with [, as manage.py dumpdata writes it; is there a warning before it? ${fromDjango}`;
  }
  if (last !== "]") return "does not end with ]: it is not whole; copy it again";
  if (/^\[\s*\]/.test(text)) {
    return `is an empty list, as of a site without rows: ${fromDjango}; with nothing to load, leave the dump out`;
  }
  if (/^\[\s*[^\s{]/.test(text)) {
    return `is no list of rows, as manage.py dumpdata writes it: ${fromDjango}`;
  }
  return undefined;
}

/** The last character of a chunk that is no blank. */
function lastCharacter(chunk: Buffer): string | undefined {
  for (let index = chunk.length - 1; index >= 0; index--) {
    const character = String.fromCharCode(chunk[index] ?? 0);
    if (!/\s/.test(character)) return character;
  }
  return undefined;
}
