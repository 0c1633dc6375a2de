import { expect, it } from "vitest";

// Vitest starts a worker for a file of tests; behind this one the worker waits for mutants (`resident.ts`).
it("has a worker", () => {
  expect(process.env["STRYKER_MUTATOR_WORKER"]).toBeDefined();
});
