import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/mutation/joined.test.ts"],
    unstubEnvs: true,
    globalSetup: "test/unit/temporaryFolders.ts",
    testTimeout: 60_000,
  },
});
