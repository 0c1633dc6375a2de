import { randomBytes } from "node:crypto";
import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { junitOf } from "./junit";
import type { Mask } from "./mask";
import { packedPlan } from "./planFile";
import { type CiResult, exitCodes } from "./result";
import { resultFiles, resultsFolder } from "./resultsFolder";
import { summaryOf } from "./summary";

/**
 * Writes `result.json`, `junit.xml` and `summary.md`, and hands the summary to GitHub where it runs this:
 * to the job's page, and as the step's output `summary`. Of a preview the output `plan` is what ci/deploy takes.
 *
 * @returns the exit code
 */
export async function publish(result: CiResult, mask: Mask): Promise<number> {
  const { command, stack, state } = result;
  // Words of this program, also where a secret is one of them.
  const shown: CiResult = { ...mask(result), command, stack, state };
  const folder = resultsFolder(process.env);
  const summary = summaryOf(shown);
  const exitCode = exitCodes[state];
  const json = `${JSON.stringify({ ...shown, exitCode }, undefined, 2)}\n`;
  await writeFile(join(folder, resultFiles.json), json);
  await writeFile(join(folder, resultFiles.junit), junitOf(shown));
  await writeFile(join(folder, resultFiles.summary), summary);
  const { GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: page } = process.env;
  if (page) await appendFile(page, summary);
  if (output) {
    // No text can end the value before its end: nobody knows this word.
    const end = randomBytes(16).toString("hex");
    await appendFile(output, `summary<<${end}\n${summary}${end}\n`);
    const plan = command === "preview" ? await packedPlan(process.env) : undefined;
    if (plan !== undefined) await appendFile(output, `plan=${plan}\n`);
  }
  return exitCode;
}
