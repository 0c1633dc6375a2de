import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { problemError } from "../../host/ProblemError";

/** Files that each of the scripts writes. */
export const resultFiles = {
  json: "result.json",
  junit: "junit.xml",
  summary: "summary.md",
} as const;

/** Folder of the results: `TRACKS_CI_DIR`, relative to the checkout. */
export function resultsFolder(environment: NodeJS.ProcessEnv): string {
  return resolve(environment["TRACKS_CI_DIR"] || "ci-results");
}

/**
 * Makes the folder, and removes the results of a former script: of one that is killed, no other result may stay. A
 * plan stays: the next deployment may be by it.
 *
 * @throws ProblemError for a folder that can't be written to; nothing was done by then
 */
export async function emptyResultsFolder(environment: NodeJS.ProcessEnv): Promise<void> {
  const folder = resultsFolder(environment);
  try {
    await mkdir(folder, { recursive: true });
    for (const file of Object.values(resultFiles)) {
      await rm(join(folder, file), { force: true });
      // Shows that it can be written.
      await writeFile(join(folder, file), "");
      await rm(join(folder, file));
    }
  } catch (error) {
    throw problemError({
      subject: "TRACKS_CI_DIR",
      given: folder,
      allowed: "a folder that can be written to",
      reason: String(error),
    });
  }
}
