import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { emptyResultsFolder } from "../../../../commands/ci/resultsFolder";
import { temporaryFolder } from "../../../temporaryFolder";

it("has nothing of a former script but its plan, also where the next one is killed", async () => {
  const folder = temporaryFolder("results", onTestFinished);
  const files = ["result.json", "junit.xml", "summary.md", "plan.txt"];
  for (const file of files) writeFileSync(join(folder, file), "former");
  await emptyResultsFolder({ TRACKS_CI_DIR: folder });
  expect(readdirSync(folder)).toEqual(["plan.txt"]);
});

it("is made where it is missing", async () => {
  const folder = join(temporaryFolder("results", onTestFinished), "a/b");
  await emptyResultsFolder({ TRACKS_CI_DIR: folder });
  expect(readdirSync(folder)).toEqual([]);
});

it.each(["result.json", "junit.xml", "summary.md"])(
  "is refused before anything is done where %s can't be written",
  async (file) => {
    const folder = temporaryFolder("results", onTestFinished);
    mkdirSync(join(folder, file));
    await expect(emptyResultsFolder({ TRACKS_CI_DIR: folder })).rejects.toThrow(
      /^TRACKS_CI_DIR\n +given: .*\n +allowed: a folder that can be written to\n/,
    );
  },
);
