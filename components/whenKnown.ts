import * as pulumi from "@pulumi/pulumi";
import type { ArgumentError } from "./args/argument";
import { refuseArguments } from "./ArgumentsError";

/**
 * Checks arguments: what is plain at once, where it was written, and all of them as soon as they are known.
 *
 * @param component class and name, such as `DjangoApp "app"`
 * @param args plain data, with inputs anywhere in it; no resources
 * @returns what uses the arguments, like {@link whenKnown}
 * @throws {@link ArgumentsError} with every error at once
 */
export function checked<T extends object>(
  component: string,
  args: T,
  errors: (known: Partial<pulumi.Unwrap<T>>) => ArgumentError[],
): <R>(use: (known: pulumi.Unwrap<T>) => R) => R | pulumi.Output<R> {
  refuseArguments(component, errors(plainValues(args)));
  return (use) =>
    whenKnown(args, (known) => {
      refuseArguments(component, errors(known));
      return use(known);
    });
}

/**
 * Uses values as soon as they are known: at once where all of them are plain, so that what is wrong with
 * them ends the program where it was written; else when the last output among them is known.
 *
 * A secret output makes the result a secret.
 *
 * @param values plain data, with inputs anywhere in it; no resources
 */
export function whenKnown<T extends object, R>(
  values: T,
  use: (known: pulumi.Unwrap<T>) => R,
): R | pulumi.Output<R> {
  if (!hasInput(values)) return use(values as pulumi.Unwrap<T>);
  return pulumi.output(values).apply<R>((known) => use(known));
}

/** Of an object those values that are known by now, a list as a whole or not at all. */
function plainValues<T extends object>(values: T): Partial<pulumi.Unwrap<T>> {
  return plain(values) as Partial<pulumi.Unwrap<T>>;
}

function plain(value: unknown): unknown {
  if (!hasInput(value)) return value;
  if (isInput(value) || Array.isArray(value)) return undefined;
  return Object.fromEntries(
    Object.entries(value as object)
      .filter(([, item]) => !isInput(item))
      .map(([key, item]) => [key, plain(item)]),
  );
}

function hasInput(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return isInput(value) || Object.values(value).some(hasInput);
}

function isInput(value: unknown): boolean {
  return pulumi.Output.isInstance(value) || value instanceof Promise;
}
