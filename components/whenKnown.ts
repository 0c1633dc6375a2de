import * as pulumi from "@pulumi/pulumi";

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

/** Of an object those values that are known by now; of a list or an object among them those of its items. */
export function plainValues<T extends object>(values: T): Partial<pulumi.Unwrap<T>> {
  return plain(values) as Partial<pulumi.Unwrap<T>>;
}

function plain(value: unknown): unknown {
  if (!hasInput(value)) return value;
  if (isInput(value)) return undefined;
  if (Array.isArray(value)) return value.filter((item) => !isInput(item)).map(plain);
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
