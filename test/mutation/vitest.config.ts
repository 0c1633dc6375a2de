import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/mutation/waits.test.ts"],
    runner: "test/mutation/resident.ts",
    pool: "threads",
    isolate: false,
    unstubEnvs: true,
    globalSetup: "test/unit/temporaryFolders.ts",
    // What a mutant keeps waiting would do so for as long as this; an unchanged test takes a second at most.
    testTimeout: 10_000,
    onConsoleLog: () => false,
    reporters: [],
  },
});
