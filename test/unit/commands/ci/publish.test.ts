import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { maskOf } from "../../../../commands/ci/mask";
import { publish } from "../../../../commands/ci/publish";
import { temporaryFolder } from "../../../temporaryFolder";
import { nginxChange, resultWith } from "./result";

function resultsIn(
  variables: (folder: string) => Record<string, string>,
): (file: string) => string {
  const folder = temporaryFolder("publish", onTestFinished);
  mkdirSync(join(folder, "results"));
  vi.stubEnv("TRACKS_CI_DIR", join(folder, "results"));
  for (const name of ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"]) vi.stubEnv(name, "");
  for (const [name, value] of Object.entries(variables(folder))) vi.stubEnv(name, value);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  return (file) => readFileSync(join(folder, file), "utf8");
}

it("writes the result, the cases and the summary without the secrets", async () => {
  const read = resultsIn(() => ({}));
  const failure = "the server says: password hunter2 is wrong";
  const exitCode = await publish(
    resultWith({ state: "failed", failure, changes: [nginxChange] }),
    maskOf(["hunter2", "preview"]),
  );
  expect(exitCode).toBe(1);
  for (const file of ["result.json", "junit.xml", "summary.md"]) {
    const text = read(`results/${file}`);
    expect(text, file).toContain("password [secret] is wrong");
    expect(text, file).not.toContain("hunter2");
  }
  expect(JSON.parse(read("results/result.json"))).toMatchObject({
    ...{ command: "preview", stack: "production", state: "failed", exitCode: 1 },
    changes: [nginxChange],
  });
});

it("hands the summary to GitHub: to the job's page, and as an output that no line of it can end", async () => {
  const read = resultsIn((folder) => ({
    GITHUB_OUTPUT: join(folder, "output"),
    GITHUB_STEP_SUMMARY: join(folder, "page"),
  }));
  await publish(resultWith({}), maskOf([]));
  const summary = read("results/summary.md");
  expect(read("page")).toBe(summary);
  const [, end = "", value] = /^summary<<([0-9a-f]{32})\n([^]*)\1\n$/.exec(read("output")) ?? [];
  expect(value).toBe(summary);
  expect(summary).not.toContain(end);
});

it.each([
  ["done", 0],
  ["failed", 1],
  ["pending", 2],
] as const)("ends what is %s with %i", async (state, exitCode) => {
  resultsIn(() => ({}));
  expect(await publish(resultWith({ state }), maskOf([]))).toBe(exitCode);
});
