import { errorOf } from "../host/problem";
import { ProblemError } from "../host/ProblemError";
import type { ArgumentError } from "./args/argument";

/** Every argument of a component that is not allowed, in one message, before the component registers a command. */
export class ArgumentsError extends ProblemError {
  /**
   * @param component class and name, such as `DjangoApp "app"`
   * @param errors at least one
   */
  constructor(
    component: string,
    readonly errors: readonly ArgumentError[],
  ) {
    super(
      `${component} can't take these arguments`,
      errors.map(({ propertyPath, given, allowed, superfluous }) =>
        errorOf({
          subject: propertyPath,
          given,
          allowed,
          fix: superfluous ? ["leave it out"] : undefined,
        }),
      ),
      "ArgumentsError",
    );
  }
}

/** @throws {@link ArgumentsError} when there are any */
export function refuseArguments(component: string, errors: readonly ArgumentError[]): void {
  if (errors.length > 0) throw new ArgumentsError(component, errors);
}
