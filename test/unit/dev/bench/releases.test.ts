import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  writeBrokenRelease,
  writeFirstRelease,
  writeRelease,
} from "../../../../dev/bench/releases";

let folder: string;
const read = (file: string): Promise<string> => readFile(join(folder, file), "utf8");

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "release-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test("a release names its version in code and template, and nothing of the one before stays", async () => {
  await writeBrokenRelease(folder, "2.0.0");
  await writeRelease(folder, "1.1.0");
  expect(await read("roasted/version.py")).toContain('VERSION = "1.1.0"');
  expect(await read("roasted/templates/roasted/base.html")).toContain("templates 1.1.0");
  await writeFirstRelease(folder);
  expect(await read("roasted/version.py")).toContain('VERSION = "1.0.0"');
  expect(await read("roasted/views.py")).not.toContain("roasting_profiles");
});

test("a broken release imports what requirements.txt doesn't name", async () => {
  await writeBrokenRelease(folder, "2.0.0");
  expect(await read("roasted/views.py")).toMatch(/^import roasting_profiles$/m);
  expect(await read("requirements.txt")).not.toContain("roasting_profiles");
});
