import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { givenPlan, newPlanFile, packedPlan, planFile } from "../../../../commands/ci/planFile";
import { temporaryFolder } from "../../../temporaryFolder";

const text = `tracks-plan 1 tracks.production\n${"  | a line of a file\n".repeat(5000)}`;

/** Variables of a job with a results folder of its own. */
const job = (more: Record<string, string> = {}) => ({
  TRACKS_CI_DIR: join(temporaryFolder("planFile", onTestFinished), "results"),
  ...more,
});

it("passes a plan on to another job, in one word that fits into a variable", async () => {
  const first = job();
  writeFileSync(await newPlanFile(first), text);
  const packed = (await packedPlan(first)) ?? "";
  expect(packed).toMatch(/^[\w+/=]+$/);
  expect(packed.length).toBeLessThan(10_000);
  const second = job({ TRACKS_CI_PLAN: packed });
  const file = await givenPlan(undefined, second);
  expect(file).toBe(planFile(second));
  expect(readFileSync(file ?? "", "utf8")).toBe(text);
  expect(statSync(file ?? "").mode & 0o777).toBe(0o600);
});

it("deploys by the plan that is given, and by none where there is none", async () => {
  expect(await givenPlan("a/plan.txt", job({ TRACKS_PLAN: "b" }))).toBe(
    join(process.cwd(), "a/plan.txt"),
  );
  expect(await givenPlan(undefined, job({ TRACKS_PLAN: "b" }))).toBe("b");
  expect(await givenPlan(undefined, job())).toBeUndefined();
});

it("hands on no plan of a former preview", async () => {
  const one = job();
  writeFileSync(await newPlanFile(one), text);
  await newPlanFile(one);
  expect(await packedPlan(one)).toBeUndefined();
});

it.each([
  ["that did not arrive", "", "nothing"],
  ["that is damaged", "H4sIAAAA", "8 characters"],
])("refuses to deploy by a plan %s", async (_, packed, given) => {
  const deploying = givenPlan(undefined, job({ TRACKS_CI_PLAN: packed }));
  await expect(deploying).rejects.toThrow(`TRACKS_CI_PLAN\n  given:   ${given}\n`);
});
