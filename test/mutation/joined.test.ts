import { join } from "node:path";
import { describe } from "vitest";
import { testsOfRun } from "./rooms";

// All tests in one file: they import the room and Pulumi's SDK once per mutant instead of once per file.
for (const file of testsOfRun()) {
  describe(file, async () => {
    await import(join(__dirname, "..", "..", file));
  });
}
