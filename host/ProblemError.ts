import * as pulumi from "@pulumi/pulumi";
import {
  errorOf,
  type Problem,
  problemList,
  type ProblemParts,
  problemText,
  reworded,
  type Terms,
} from "./problem";

/**
 * Problems that end the program, all of them in its message: the stack's owner fixes them.
 *
 * Pulumi shows the message alone, and needs no stack trace for it. Pulumi still formats the trace in
 * colour, where Node 20's `util.inspect` never gets past a line such as
 * `node_modules/@pulumi/resource.ts` (a scope without a package behind it) before memory runs out: 14
 * seconds between the error and its message. So there is none.
 */
export class ProblemError extends pulumi.RunError {
  /**
   * @param heading what the problems have in common. @default none: there is one problem, whose subject says it
   * @param problems at least one
   */
  constructor(
    private heading: string | undefined,
    public problems: readonly Problem[],
    name = "ProblemError",
  ) {
    super();
    this.name = name;
    this.describe();
  }

  /** Says the same in the terms of who catches it. */
  reword(inTerms: Terms): this {
    this.heading = this.heading === undefined ? undefined : inTerms(this.heading);
    this.problems = this.problems.map((problem) => reworded(problem, inTerms));
    this.describe();
    return this;
  }

  private describe(): void {
    this.message =
      this.heading === undefined
        ? this.problems.map(problemText).join("\n\n")
        : problemList(this.heading, this.problems);
    this.stack = `${this.name}: ${this.message}`;
  }
}

/** One problem that ends the program. */
export function problemError(parts: ProblemParts): ProblemError {
  return new ProblemError(undefined, [errorOf(parts)]);
}

/** Waits for work, and puts its problems into the caller's terms. */
export async function failingIn<T>(inTerms: Terms, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof ProblemError ? error.reword(inTerms) : error;
  }
}
