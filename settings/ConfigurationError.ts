import type { Problem } from "../host/problem";
import { ProblemError } from "../host/ProblemError";

/** Every problem of a stack's configuration in one message, before the program registers a resource. */
export class ConfigurationError extends ProblemError {
  constructor(stack: string, problems: readonly Problem[]) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    super(`The configuration of the stack ${stack} has ${count}`, problems, "ConfigurationError");
  }
}
