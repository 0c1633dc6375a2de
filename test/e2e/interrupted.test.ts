import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, it, onTestFinished } from "vitest";
import { temporaryFolder } from "../temporaryFolder";

const slots = "/run/tracks-lab/slots";
const root = join(__dirname, "..", "..");

it("takes down everything that it made when a run of the tests is interrupted", async () => {
  const folder = temporaryFolder("interrupted", onTestFinished);

  const run = execa(
    process.execPath,
    ["commands/bootstrap.mjs", "test/run.ts", "e2e", "test/e2e/two-hosts.test.ts"],
    { cwd: root, env: { TMPDIR: folder }, stdio: "ignore", reject: false },
  );
  onTestFinished(() => {
    run.kill("SIGINT");
  });

  /** Slots of lab hosts below the run's folder. */
  const hosts = async (): Promise<string[]> => {
    const names = await readdir(slots).catch(() => []);
    const texts = await Promise.all(
      names.map((name) => readFile(join(slots, name), "utf8").catch(() => "")),
    );
    return names.filter((_name, index) => texts[index]?.includes(folder));
  };
  await expect.poll(hosts, { timeout: 120_000 }).toHaveLength(1);
  run.kill("SIGINT");

  expect((await run).exitCode).toBe(130);
  expect(await hosts()).toEqual([]);
  expect(await readdir(folder)).toEqual([]);
  expect(await processesThatSpeakOf(folder)).toEqual([]);
});

async function processesThatSpeakOf(folder: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  return lines.filter((line) => line.includes(folder));
}
