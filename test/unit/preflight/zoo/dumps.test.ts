import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execaSync } from "execa";
import { describe, it, onTestFinished } from "vitest";
import { sampleDump } from "../../../sampleDump";
import { temporaryFolder } from "../../../temporaryFolder";
import { expectPreview, type Outcome, sampleSource } from "./preview";

/**
 * Dumps as people have them, and what becomes of each in the preview.
 *
 * Packed ones and those of other programs are in ../source/dumpFile.test.ts; what only the application's
 * models can tell in ../../host/dataMigration*.test.ts; what is loaded in ../../e2e/zoo.test.ts.
 */
const lines = '{"model": "a.b", "pk": 1, "fields": {}}\n{"model": "a.b", "pk": 2, "fields": {}}\n';

const inputs: readonly [what: string, content: string | Buffer, outcome: Outcome][] = [
  ["the sample's", sampleDump, "taken"],
  ["behind a byte order mark, with CRLF", `\uFEFF${sampleDump.replaceAll("\n", "\r\n")}`, "taken"],
  ["JSON lines", lines, { refused: /JSON lines[^]*dumpdata --output/ }],
  ["JSON lines behind a byte order mark", `\uFEFF${lines}`, { refused: /JSON lines/ }],
  ["an empty list", " [ ]\n", { refused: /an empty list/ }],
  ["a list of something else", "[1, 2]", { refused: /a list without rows/ }],
  [
    "not UTF-8",
    Buffer.from(sampleDump.replace("wiki", "w\u00efki"), "latin1"),
    { refused: /not UTF-8[^]*iconv/ },
  ],
];

describe("a dump that is", () => {
  it.each(inputs)("%s", async (_what, content, outcome) => {
    const folder = temporaryFolder("dump", onTestFinished);
    const file = join(folder, "old.json");
    writeFileSync(file, content);
    await expectPreview({ sourceFolder: sampleSource(), migrationDump: file }, outcome);
  });

  it.each<[string, (file: string) => void]>([
    ["a folder", mkdirSync],
    ["a pipe", (file) => execaSync("mkfifo", [file])],
  ])("%s", { timeout: 60_000 }, async (_what, make) => {
    const file = join(temporaryFolder("dump", onTestFinished), "old.json");
    make(file);
    await expectPreview(
      { sourceFolder: sampleSource(), migrationDump: file },
      { refused: /tracks:migrationDump[^]*old\.json", which doesn.t exist or can.t be read/ },
    );
  });
});
