import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { problemError } from "../../host/ProblemError";
import { resultsFolder } from "./resultsFolder";

/** Variable with a plan that another job wrote, as {@link packedPlan} returns it. */
const packedVariable = "TRACKS_CI_PLAN";

/** Path of the plan among the results. */
export function planFile(environment: NodeJS.ProcessEnv): string {
  return join(resultsFolder(environment), "plan.txt");
}

/** Removes a former plan, and returns the path for the next one. */
export async function newPlanFile(environment: NodeJS.ProcessEnv): Promise<string> {
  const file = planFile(environment);
  await mkdir(dirname(file), { recursive: true });
  await rm(file, { force: true });
  return file;
}

/** The plan in one word, to pass on from job to job; undefined where there is none. */
export async function packedPlan(environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    return gzipSync(await readFile(planFile(environment)), { level: 9 }).toString("base64");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Path of the plan to deploy by: the one given, else the one in `TRACKS_CI_PLAN`, else that in `TRACKS_PLAN`.
 *
 * @param given value of `--plan`
 * @returns undefined where a deployment needs none
 * @throws ProblemError for a variable that is empty or no plan: then a preview was there, and its plan got lost
 */
export async function givenPlan(
  given: string | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const packed = environment[packedVariable];
  if (given !== undefined) return resolve(given);
  if (packed === undefined) return environment["TRACKS_PLAN"] || undefined;
  const file = await newPlanFile(environment);
  try {
    await writeFile(file, gunzipSync(Buffer.from(packed, "base64")), { mode: 0o600 });
  } catch (error) {
    throw problemError({
      subject: packedVariable,
      given: packed === "" ? "nothing" : `${packed.length} characters`,
      allowed: "the output `plan` of the step that ran ci/preview",
      fix: ["run ci/preview again", "or unset it, to deploy what is there now"],
      reason: String(error),
    });
  }
  return file;
}
