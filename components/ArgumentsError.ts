import { UserError } from "../host/userError";
import type { ArgumentError } from "./args/argument";

/** Every argument of a component that can't be as it is, in one message, before any of its commands is registered. */
export class ArgumentsError extends UserError {
  /**
   * @param component class and name, such as `DjangoApp "app"`
   * @param errors at least one
   */
  constructor(
    component: string,
    readonly errors: readonly ArgumentError[],
  ) {
    super(
      "ArgumentsError",
      [
        `${component} can't be made of these arguments:`,
        ...errors.map(
          ({ propertyPath, given, allowed }) =>
            `  ${propertyPath}: ${given} was given; give ${allowed}`,
        ),
      ].join("\n"),
    );
  }
}

/** @throws {@link ArgumentsError} when there are any */
export function refuseArguments(component: string, errors: readonly ArgumentError[]): void {
  if (errors.length > 0) throw new ArgumentsError(component, errors);
}
