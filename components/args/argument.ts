import type { Unwrap } from "@pulumi/pulumi";
import { parseValue, shown, type Value } from "../../host/manifest/value";

/** What an argument of a component may be, and what it is where it is left out. */
export interface Argument<T> {
  readonly value: Value<T>;
  /** Undefined where the argument is required, or something is left out with it. */
  readonly fallback: T | undefined;
  /** Whether it may not be left out, nor be an output without a value. @default false */
  readonly required?: boolean;
}

/** An argument with a default. */
export interface ArgumentWithDefault<T> extends Argument<T> {
  readonly fallback: T;
}

/**
 * The arguments of a component that hold a value, by name; one in an object, such as `pip.proxy`, by its
 * path. Resources, files of this machine and secrets are none of them.
 */
export type ArgumentTable<Args> = {
  readonly [Name in keyof Args]?: Argument<NonNullable<Unwrap<Args[Name]>>>;
} & Readonly<Record<`${string}.${string}`, Argument<unknown>>>;

/** An argument with a default. */
export function withDefault<T>(value: Value<T>, fallback: NoInfer<T>): ArgumentWithDefault<T> {
  return { value, fallback };
}

/** An argument that may not be left out. */
export function required<T>(value: Value<T>): Argument<T> {
  return { value, fallback: undefined, required: true };
}

/** An argument that may be left out. */
export function withoutDefault<T>(value: Value<T>): Argument<T> {
  return { value, fallback: undefined };
}

/** Arguments, and the defaults of those that were left out. */
export type Completed<Args, Table> = Omit<Args, NamesWithDefault<Table>> & {
  readonly [Name in NamesWithDefault<Table> & keyof Args]-?: Exclude<Args[Name], undefined>;
};

type NamesWithDefault<Table> = {
  [Name in keyof Table]: Table[Name] extends { readonly fallback: infer Fallback }
    ? undefined extends Fallback
      ? never
      : Name
    : never;
}[keyof Table];

/** Fills in the defaults of what was left out. */
export function withDefaults<Args extends object, Table extends object>(
  table: Table,
  args: Args,
): Completed<Args, Table> {
  const defaults = Object.entries(table as Record<string, Argument<unknown>>)
    .filter(([, { fallback }]) => fallback !== undefined)
    .map(([name, { fallback }]) => [name, fallback]);
  const given = Object.entries(args).filter(([, value]) => value !== undefined);
  // What the table has a default for is there, whether it was given or not.
  return Object.fromEntries([...defaults, ...given]) as Completed<Args, Table>;
}

/** An argument of a component that can't be as it is. */
export interface ArgumentError {
  /** Such as `keep`, `serverNames[1]` or `environment.LANG`. */
  readonly propertyPath: string;
  /** What was given, as it may be shown. */
  readonly given: string;
  /** What is allowed, in words that follow "give". */
  readonly allowed: string;
  /** Whether it is to be left out, rather than to be another. @default false */
  readonly superfluous?: boolean;
}

/** The host fills these in, in every file that is not secret. */
const placeholder = /@@[A-Z][A-Z0-9_]*(?: [^@]*)?@@/;

/** What of the arguments can't be as it is, each looked at by itself; what is not there is left alone. */
export function argumentErrors(table: object, given: object): ArgumentError[] {
  return parseArguments(table, given).errors;
}

/** The required arguments that have no value. */
export function missingErrors(table: object, given: object): ArgumentError[] {
  return Object.entries(table as Record<string, Argument<unknown>>)
    .filter(([name, { required }]) => required === true && at(given, name) === undefined)
    .map(([name, { value }]) => ({
      propertyPath: name,
      given: "nothing",
      allowed: value.allowed,
    }));
}

/** Arguments as their kinds read them, such as a port that was given as text; and what is not allowed. */
export function parseArguments<Given extends object>(
  table: object,
  given: Given,
): { readonly values: Given; readonly errors: ArgumentError[] } {
  const values = { ...given } as Record<string, unknown>;
  const errors = Object.entries(table as Record<string, Argument<unknown>>).flatMap(
    ([name, { value: kind }]) => {
      const value = at(given, name);
      if (value === undefined) return [];
      const result = parseValue(kind, value);
      if ("parsed" in result) {
        putAt(values, name, result.parsed);
        return placeholderErrors(name, value);
      }
      return result.refusals.map((refusal) => ({
        propertyPath: name + refusal.path,
        given: shown(refusal.given),
        allowed: refusal.allowed,
        superfluous: refusal.superfluous,
      }));
    },
  );
  return { values: values as Given, errors };
}

/** The value at a path such as `pip.proxy`. */
function at(object: object, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((part, step) => (part as Record<string, unknown> | undefined)?.[step], object);
}

/** Puts a value at a path such as `pip.proxy`, into a copy of what is there. */
export function putAt(object: Record<string, unknown>, path: string, value: unknown): void {
  const [head = "", ...rest] = path.split(".");
  if (rest.length === 0) object[head] = value;
  else {
    const inner = { ...(object[head] as Record<string, unknown> | undefined) };
    putAt(inner, rest.join("."), value);
    object[head] = inner;
  }
}

/** What of a value the host would take for its own. */
export function placeholderErrors(propertyPath: string, value: unknown): ArgumentError[] {
  const found = placeholder.exec(JSON.stringify([value]));
  if (found === null) return [];
  return [
    {
      propertyPath,
      given: `${found[0]} in it`,
      allowed: "no @@NAME@@: on the host, a fact of it would take its place",
    },
  ];
}
