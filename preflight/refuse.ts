import * as pulumi from "@pulumi/pulumi";
import { inArguments, type Problem, problemText, reworded, type Terms } from "../host/problem";
import { ProblemError } from "../host/ProblemError";

/**
 * Refuses an `up` with these problems, before it registers a resource; a preview shows them and goes on.
 *
 * @param inTerms terms of what a preview shows; who catches the error of an `up` puts it into them
 * @throws {@link ProblemError} in an `up`
 */
export function refuse(problems: readonly Problem[], inTerms: Terms = inArguments): void {
  if (problems.length === 0) return;
  if (!pulumi.runtime.isDryRun()) throw refusal(problems);
  for (const problem of problems) {
    void pulumi.log.warn(`up will be refused:\n${problemText(reworded(problem, inTerms))}`);
  }
}

/** The error for problems that the preflight found before it changed anything. */
export function refusal(problems: readonly Problem[]): ProblemError {
  return new ProblemError("The host was not touched, because of", problems);
}

/** Shows what the stack's owner should know. */
export function warn(problems: readonly Problem[], inTerms: Terms = inArguments): void {
  for (const problem of problems) void pulumi.log.warn(problemText(reworded(problem, inTerms)));
}
