import * as pulumi from "@pulumi/pulumi";
import { type Problem, problemText } from "../host/problem";
import { ProblemError } from "../host/ProblemError";

/**
 * Refuses an `up` with these problems, before it registers a resource; a preview shows them and goes on.
 *
 * @throws {@link ProblemError} in an `up`
 */
export function refuse(problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  if (!pulumi.runtime.isDryRun()) throw refusal(problems);
  for (const problem of problems) {
    void pulumi.log.warn(`up will be refused:\n${problemText(problem)}`);
  }
}

/** The error for problems that the preflight found before it changed anything. */
export function refusal(problems: readonly Problem[]): ProblemError {
  return new ProblemError("The host was not touched, because of", problems);
}

/** Shows what the stack's owner should know. */
export function warn(problems: readonly Problem[]): void {
  for (const problem of problems) void pulumi.log.warn(problemText(problem));
}
