import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { dumpFile } from "../../../../preflight/source/dumpFile";
import { temporaryFolder } from "../../../temporaryFolder";

const dump = '[{"model": "redirect.target", "pk": 1, "fields": {"name": "wiki"}}]\n';

function written(content: string | Buffer): string {
  const path = join(temporaryFolder("dump", onTestFinished), "old.json");
  writeFileSync(path, content);
  return path;
}

test("a dump is known by its digest and size", async () => {
  const path = written("[{}]\n");
  expect(await dumpFile(path)).toEqual({
    path,
    sha256: createHash("sha256").update("[{}]\n").digest("hex"),
    bytes: 5,
  });
});

test.each([
  ["with a byte order mark", `\uFEFF${dump}`],
  ["with blank lines around it, more than are read at once", `\n${dump}${" \n".repeat(50_000)}`],
])("%s it is accepted", async (_what, content) => {
  await expect(dumpFile(written(content))).resolves.toMatchObject({
    bytes: Buffer.byteLength(content),
  });
});

test("a file that does not exist is named", async () => {
  await expect(dumpFile("/nowhere/old.json")).rejects.toThrow(
    /\n {2}\/nowhere\/old\.json\n[^]*no readable file\n[^]*reason: {2}ENOENT$/,
  );
});

test.each<[string, string | Buffer, RegExp]>([
  ["gzip", gzipSync(dump), /compressed with gzip\n[^]*: {5}gzip -dc ".*old\.json" >old\.json/],
  [
    "zip",
    Buffer.from("PK\x03\x04rest"),
    /a zip archive\n[^]*: {5}unzip -p ".*old\.json" >old\.json/,
  ],
  ["bzip2", "BZh91AY", /compressed with bzip2/],
  ["xz", Buffer.from("fd377a585a00", "hex"), /compressed with xz/],
  [
    "UTF-16 with its mark",
    Buffer.from(`\uFEFF${dump}`, "utf16le"),
    /UTF-16, as PowerShell's > writes it[^]*iconv/,
  ],
  ["UTF-16 without it", Buffer.from(dump, "utf16le"), /UTF-16/],
  ["pg_dump", "PGDMP\x01\x0e", /a backup by pg_dump[^]*dumpdata --output/],
  ["SQL", "--\n-- PostgreSQL database dump\n", /SQL\n[^]*dumpdata --output/],
  ["a database", "SQLite format 3\0", /a database of SQLite/],
  ["XML", '<?xml version="1.0"?>', /XML/],
  ["empty", "", /an empty file/],
  ["a warning and then JSON", `Warning: old\n${dump}`, /does not begin with `\[`[^]*--output/],
  ["cut off", dump.slice(0, -3), /does not end with `\]`\n[^]*copy the file again/],
])("%s is refused, with what to do", async (_what, content, message) => {
  await expect(dumpFile(written(content))).rejects.toThrow(message);
});
