import { errorOf, type Problem, type ProblemParts } from "../../host/problem";
import { ProblemError } from "../../host/ProblemError";

/**
 * The error for a source on this machine that can't be deployed.
 *
 * @param folder the source, as the configuration names it
 * @param problems all of them, at least one
 */
export function sourceError(folder: string, problems: readonly Problem[]): ProblemError {
  return new ProblemError(`The source ${folder} can't be deployed`, problems);
}

/** The error for one problem of the source as a whole. */
export function folderError(folder: string, problem: Omit<ProblemParts, "subject">): ProblemError {
  return sourceError(folder, [errorOf({ subject: folder, ...problem })]);
}
