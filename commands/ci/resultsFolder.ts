import { resolve } from "node:path";

/** Folder of the results: `TRACKS_CI_DIR`, relative to the checkout. */
export function resultsFolder(environment: NodeJS.ProcessEnv): string {
  return resolve(environment["TRACKS_CI_DIR"] || "ci-results");
}
