import { existsSync, statSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, it } from "vitest";
import { withPrivateFile } from "../../../../../commands/ops/copyData/privateFile";

const commands = join(__dirname, "../../../../../commands");

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tracks-test-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

it("is in a folder that nobody else may open, and is gone after the work", async () => {
  const path = await withPrivateFile(async (file) => {
    await writeFile(file, "data", { mode: 0o600 });
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
    return file;
  });
  expect(existsSync(dirname(path))).toBe(false);
});

it("is gone after work that fails", async () => {
  let path = "";
  const work = withPrivateFile(async (file) => {
    path = file;
    await writeFile(file, "data");
    throw new Error("the disk is full");
  });
  await expect(work).rejects.toThrow("the disk is full");
  expect(existsSync(dirname(path))).toBe(false);
  expect(process.listenerCount("SIGHUP")).toBe(0);
});

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
it.each(signals)("is gone after %s, and says what became of the rest", async (signal) => {
  const program = [
    `require("./typescript.cjs");`,
    `const { withPrivateFile } = require("./ops/copyData/privateFile.ts");`,
    `let fate = "nothing was done";`,
    `void withPrivateFile(async (file) => {`,
    `  require("node:fs").writeFileSync(file, "data");`,
    `  fate = "see there";`,
    `  console.log(file);`,
    `  await new Promise((resolve) => setTimeout(resolve, 60_000));`,
    `}, () => fate);`,
  ];
  const running = execa("node", ["-e", program.join("\n")], {
    cwd: commands,
    env: { TMPDIR: folder },
    reject: false,
  });
  for await (const line of running) {
    expect(existsSync(line)).toBe(true);
    running.kill(signal);
    break;
  }
  const stderr = "Interrupted: the copy on this machine is removed. see there";
  expect(await running).toMatchObject({ signal, stderr });
  expect(await readdir(folder)).toEqual([]);
});
