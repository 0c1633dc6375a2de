import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/mutation/waits.test.ts"],
    runner: "test/mutation/resident.ts",
    pool: "threads",
    isolate: false,
    unstubEnvs: true,
    globalSetup: "test/unit/temporaryFolders.ts",
    testTimeout: 60_000,
    onConsoleLog: () => false,
    reporters: [],
  },
});
