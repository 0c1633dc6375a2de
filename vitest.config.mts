import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files of several minutes each. */
const LONGEST =
  /\/test\/(e2e\/(ci|ops|traits(First|Second)|site|siteDev|database|application|identity)|selinux\/staticSite)\.test\.ts$/;

/** Files of the unit tests that replace modules, which no other file must get. */
const MOCKING = readdirSync(join(import.meta.dirname, "test/unit"), {
  recursive: true,
  encoding: "utf8",
})
  .filter((file) => file.endsWith(".test.ts"))
  .map((file) => `test/unit/${file}`)
  .filter((file) => /\bvi\.mock\(/.test(readFileSync(join(import.meta.dirname, file), "utf8")));

/** Begins with the longest files: what begins last keeps all the others waiting for its end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => LONGEST.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

/** The rings of the tests: `npm run test:unit` runs the first, `npm test` all but `selinux`. */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          exclude: MOCKING,
          // Files share what they import, which takes longer than most tests.
          isolate: false,
          unstubEnvs: true,
          testTimeout: 60_000,
          globalSetup: "test/unit/temporaryFolders.ts",
        },
      },
      {
        // Runs the whole program for each setting, beside the build of the lab.
        test: {
          name: "unit-mocking",
          include: MOCKING,
          testTimeout: 60_000,
          globalSetup: "test/unit/temporaryFolders.ts",
        },
      },
      {
        test: {
          name: "host",
          include: ["test/host/**/*.test.ts"],
          // Some build a virtualenv, others strike a run at many of its steps, on cores that are shared.
          testTimeout: 180_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts", "test/selinux/staticSite.test.ts"],
          // Behind the others where all rings are run at once.
          sequence: { groupOrder: 1 },
          testTimeout: 300_000,
          hookTimeout: 900_000,
          // What a host comes to takes its time while other files have the cores.
          expect: { poll: { timeout: 15_000 } },
        },
      },
      { test: { name: "selinux", include: ["test/selinux/wholeSite.test.ts"] } },
    ],
  },
});
