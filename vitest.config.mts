import { defineConfig } from "vitest/config";

/** The three rings of the tests; `npm test` runs all of them, `npm run test:unit` the first. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"] } },
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
          // Hosts, stacks and folders are each file's own; an engine keeps little more than one core
          // busy, and waits for its host in between.
          maxWorkers: 2,
          // Behind the others where all rings are run at once.
          sequence: { groupOrder: 1 },
          testTimeout: 300_000,
          hookTimeout: 900_000,
          // What a host comes to takes its time while the other file has the cores.
          expect: { poll: { timeout: 15_000 } },
        },
      },
      { test: { name: "selinux", include: ["test/selinux/wholeSite.test.ts"] } },
    ],
  },
});
