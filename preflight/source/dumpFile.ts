import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import type { LocalFile } from "../../host/Host";
import { errorOf, type ProblemParts } from "../../host/problem";
import { ProblemError } from "../../host/ProblemError";

/** First bytes of files that `dumpdata` did not write, and the command that makes a dump of them. */
const FORMATS: readonly [bytes: string | Buffer, found: string, fix: (path: string) => string][] = [
  [Buffer.of(0x1f, 0x8b), "a file compressed with gzip", (path) => unpack(`gzip -dc "${path}"`)],
  ["BZh", "a file compressed with bzip2", (path) => unpack(`bzip2 -dc "${path}"`)],
  [
    Buffer.of(0xfd, 0x37, 0x7a, 0x58, 0x5a),
    "a file compressed with xz",
    (path) => unpack(`xz -dc "${path}"`),
  ],
  [
    Buffer.of(0x28, 0xb5, 0x2f, 0xfd),
    "a file compressed with zstd",
    (path) => unpack(`zstd -dc "${path}"`),
  ],
  ["PK\u0003\u0004", "a zip archive", (path) => unpack(`unzip -p "${path}"`)],
  ["PGDMP", "a backup by pg_dump", () => fromDjango],
  ["--", "SQL", () => fromDjango],
  ["SQLite format 3", "a database of SQLite", () => fromDjango],
  ["<", "XML", () => fromDjango],
  ["- ", "YAML", () => fromDjango],
  ...[Buffer.of(0xff, 0xfe), Buffer.of(0xfe, 0xff), "[\0", "\0["].map(
    (bytes): (typeof FORMATS)[number] => [bytes, "UTF-16, as PowerShell's > writes it", toUtf8],
  ),
];

const correctPath = "use the path of the file that manage.py dumpdata wrote";
const fromDjango =
  "python manage.py dumpdata --output old.json   (in the old site; then use old.json)";
const toJson = "(then use old.json)";
const unpack = (command: string): string => `${command} >old.json   ${toJson}`;

function toUtf8(path: string): string {
  return `iconv -f UTF-16 -t UTF-8 "${path}" >old.json   ${toJson}`;
}

/**
 * Looks at a dump on this machine: its format, its encoding and its digest, read as a stream.
 *
 * The host checks the content, since it has the application's models.
 *
 * @throws {@link ProblemError} when the file can't be read, is not what `dumpdata` writes, or is cut off
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
    throw dumpError(path, {
      found: "no readable file",
      fix: [correctPath],
      reason: code || undefined,
    });
  }
  const problem =
    formatProblem(path, first ?? Buffer.alloc(0), last) ??
    (isText
      ? undefined
      : {
          found: "text that is not UTF-8",
          fix: [
            `iconv -f LATIN1 -t UTF-8 "${path}" >old.json   (or from the encoding that it has; then use old.json)`,
          ],
        });
  if (problem !== undefined) throw dumpError(path, problem);
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

/** What the file is, and how to get a dump. */
type DumpProblem = Pick<ProblemParts, "found" | "fix" | "reason">;

function dumpError(path: string, problem: DumpProblem): ProblemError {
  return new ProblemError("The dump can't be loaded", [
    errorOf({
      subject: path,
      allowed: "the JSON that manage.py dumpdata writes, in UTF-8",
      ...problem,
    }),
  ]);
}

function formatProblem(path: string, first: Buffer, last: string): DumpProblem | undefined {
  for (const [bytes, found, fix] of FORMATS) {
    if (first.subarray(0, bytes.length).equals(Buffer.from(bytes))) {
      return { found, fix: [fix(path)] };
    }
  }
  const text = first
    .toString("utf8")
    .replace(/^\uFEFF/, "")
    .trimStart();
  if (text === "" && last === "") return { found: "an empty file", fix: [fromDjango] };
  if (/^\{\s*"(?:model|pk|fields)"/.test(text)) {
    return { found: "JSON lines, with one row per line", fix: [fromDjango] };
  }
  if (text !== "" && !text.startsWith("[")) {
    return {
      found: "text that does not begin with `[`",
      fix: ["remove what is before the `[`, such as a warning", `or ${fromDjango}`],
    };
  }
  if (last !== "]")
    return { found: "text that does not end with `]`", fix: ["copy the file again"] };
  if (/^\[\s*\]/.test(text)) {
    return {
      found: "an empty list",
      fix: [fromDjango, "or leave the dump out, if there are no rows to load"],
    };
  }
  if (/^\[\s*[^\s{]/.test(text)) return { found: "a list without rows", fix: [fromDjango] };
  return undefined;
}

/** The last character of a chunk that is not white space. */
function lastCharacter(chunk: Buffer): string | undefined {
  for (let index = chunk.length - 1; index >= 0; index--) {
    const character = String.fromCharCode(chunk[index] ?? 0);
    if (!/\s/.test(character)) return character;
  }
  return undefined;
}
