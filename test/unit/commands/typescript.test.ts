import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
