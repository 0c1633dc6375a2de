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

function hasInput(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (pulumi.Output.isInstance(value) || value instanceof Promise) return true;
  return Object.values(value).some(hasInput);
}
