import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execaSync } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";

const loader = join(__dirname, "../../../commands/typescript.cjs");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tracks-typescript-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

function run(): string {
  return execaSync(process.execPath, ["--require", loader, join(folder, "main.ts")]).stdout;
}

test("runs TypeScript, and an edited file as it is now, with nothing done in between", () => {
  write("part.ts", "export const word: string = 'one';");
  write("main.ts", "import { word } from './part'; console.log(word as string);");
  expect(run()).toBe("one");
  write("part.ts", "export const word: string = 'two';");
  expect(run()).toBe("two");
  expect(run()).toBe("two");
});

test("loads a module that is asked for later", () => {
  write("part.ts", "export const word: string = 'later';");
  write("main.ts", "void import('./part').then(({ word }) => console.log(word));");
  expect(run()).toBe("later");
});

test("names the line of the source where a program fails", () => {
  write("main.ts", "interface Unused {\n  a: string;\n}\n\nthrow new Error('here');\n");
  expect(run).toThrow(/main\.ts:5[^]*Error: here/);
});

test("leaves out what Pulumi's SDK and zod need for other programs, until it is asked for", () => {
  const sdk = JSON.stringify(dirname(require.resolve("@pulumi/pulumi/package.json")));
  const zod = JSON.stringify(require.resolve("zod"));
  write(
    "main.ts",
    `const loaded = (part: string): boolean => Object.keys(require.cache).some((file) => file.includes(part));
const parts = ["sdk-trace-base", "instrumentation-grpc", "/execa/", "/fdir/", "zod/v4/locales/de"];
const pulumi = require(${sdk});
const tracing = require(${sdk} + "/cmd/run/tracing.js");
const { z } = require(${zod});
const said: unknown[] = [parts.filter(loaded), z.string().safeParse(1).error?.issues.length];
tracing.start("http://127.0.0.1:9/api/v2/spans");
said.push(tracing.newSpan("asked").isRecording(), z.locales.de().localeError !== undefined);
pulumi.automation.PulumiCommand.get({ root: "/nonexistent" }).catch((error: Error) => {
  said.push(/ENOENT/.test(error.message), parts.filter(loaded));
  console.log(JSON.stringify(said));
});`,
  );
  const [before, issues, records, german, ran, after] = JSON.parse(run()) as unknown[];
  expect(before).toEqual([]);
  expect([issues, records, german, ran]).toEqual([1, true, true, true]);
  expect(after).toEqual(["sdk-trace-base", "instrumentation-grpc", "/execa/", "zod/v4/locales/de"]);
});
