import * as pulumi from "@pulumi/pulumi";
import {
  type ArgumentError,
  argumentErrors,
  missingErrors,
  parseArguments,
  withDefaults,
} from "./args/argument";
import { refuseArguments } from "./ArgumentsError";

/** Uses arguments, immediately or when they are known: see {@link whenKnown}. */
export type Use<T> = <R>(use: (known: pulumi.Unwrap<T>) => R) => R | pulumi.Output<R>;

/**
 * Checks arguments by their table and the component's own rules. Plain arguments are checked immediately; the
 * others, and the rules, when the outputs among them are known. An output without a value counts as left out,
 * and gets the default.
 *
 * The value of an output may be a secret, so no error shows it.
 *
 * @param component class and name, such as `DjangoApp "app"`
 * @param table the arguments' kinds and defaults
 * @param args arguments with their defaults: plain data, with inputs anywhere in it, and no resources
 * @param rules checks of several arguments together. @default none
 * @throws {@link ArgumentsError} with every error at once
 */
export function checked<T extends object>(
  component: string,
  table: object,
  args: T,
  rules: (known: pulumi.Unwrap<T>) => ArgumentError[] = () => [],
): Use<T> {
  const later = Object.entries(args)
    .filter(([, value]) => hasInput(value))
    .map(([name]) => name);
  if (later.length > 0) refuseArguments(component, argumentErrors(table, plainValues(args)));
  if (later.length === 0) {
    const known = checkedPlain(component, table, args as pulumi.Unwrap<T> & object, rules);
    return (use) => use(known);
  }
  return (use) =>
    whenKnown(args, (given) =>
      use(checkedPlain(component, table, given as pulumi.Unwrap<T> & object, rules, later)),
    );
}

/**
 * Checks arguments as {@link checked} does, where all of them are plain by their types.
 *
 * @param later names of arguments that were outputs, and may be secrets
 * @returns the parsed values, such as a port that was given as text
 * @throws {@link ArgumentsError} with every error at once
 */
export function checkedPlain<T extends object>(
  component: string,
  table: object,
  args: T,
  rules: (known: T) => ArgumentError[],
  later: readonly string[] = [],
): T {
  const known = withDefaults(table, args) as T;
  const { values, errors } = parseArguments(table, known);
  const told =
    (ofOutput: string) =>
    (error: ArgumentError): ArgumentError =>
      later.includes(error.propertyPath.replace(/[.[].*$/s, ""))
        ? { ...error, given: ofOutput }
        : error;
  refuseArguments(component, [
    ...[...errors, ...rules(known)].map(told("the value of an output")),
    ...missingErrors(table, known).map(told("an output without a value")),
  ]);
  return values;
}

/**
 * Uses values as soon as they are known: immediately where all of them are plain, so that an error ends the
 * program at the line that caused it; else when the last output among them is known.
 *
 * A secret output makes the result a secret.
 *
 * @param values plain data, which may contain inputs, but no resources
 */
export function whenKnown<T extends object, R>(
  values: T,
  use: (known: pulumi.Unwrap<T>) => R,
): R | pulumi.Output<R> {
  if (!hasInput(values)) return use(values as pulumi.Unwrap<T>);
  return pulumi.output(values).apply<R>((known) => use(known));
}

/** The values of an object that are already known; a list counts only as a whole. */
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
