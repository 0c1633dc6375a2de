import type { Unwrap } from "@pulumi/pulumi";
import { parseValue, shown, type Value } from "../../host/manifest/value";

/** Kind of value of a component's argument, and its default. */
export interface Argument<T> {
  readonly value: Value<T>;
  /** Default; undefined where the argument is required, or optional without a default. */
  readonly fallback: T | undefined;
  /** Whether a program must give it; an output without a value does not count. @default false */
  readonly required?: boolean;
}

/** An argument with a default. */
export interface ArgumentWithDefault<T> extends Argument<T> {
  readonly fallback: T;
}

/**
 * The arguments of a component that are values, by name; an argument in an object by its path, such as
 * `pip.proxy`. Resources, files of this machine and secrets are not in it.
 */
export type ArgumentTable<Args> = {
  readonly [Name in keyof Args]?: Argument<NonNullable<Unwrap<Args[Name]>>>;
} & Readonly<Record<`${string}.${string}`, Argument<unknown>>>;

/** An argument with a default. */
export function withDefault<T>(value: Value<T>, fallback: NoInfer<T>): ArgumentWithDefault<T> {
  return { value, fallback };
}

/** An argument that a program must give. */
export function required<T>(value: Value<T>): Argument<T> {
  return { value, fallback: undefined, required: true };
}

/** An argument that a program may leave out. */
export function withoutDefault<T>(value: Value<T>): Argument<T> {
  return { value, fallback: undefined };
}

/** Arguments, with defaults for those that were left out. */
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

/** Adds the defaults of arguments that were left out. */
export function withDefaults<Args extends object, Table extends object>(
  table: Table,
  args: Args,
): Completed<Args, Table> {
  const defaults = Object.entries(table as Record<string, Argument<unknown>>)
    .filter(([, { fallback }]) => fallback !== undefined)
    .map(([name, { fallback }]) => [name, fallback]);
  const given = Object.entries(args).filter(([, value]) => value !== undefined);
  // Every argument with a default has a value now.
  return Object.fromEntries([...defaults, ...given]) as Completed<Args, Table>;
}

/** An argument of a component that is not allowed. */
export interface ArgumentError {
  /** Path of the argument, such as `keep`, `serverNames[1]` or `environment.LANG`. */
  readonly propertyPath: string;
  /** The given value, as an error may show it. */
  readonly given: string;
  /** The allowed values, in words that follow "allowed:". */
  readonly allowed: string;
  /** Whether to leave it out rather than to change it. @default false */
  readonly superfluous?: boolean;
}

/** The host replaces these in every file that is not secret. */
const placeholder = /@@[A-Z][A-Z0-9_]*(?: [^@]*)?@@/;

/** Checks each argument by itself; ignores missing ones. */
export function argumentErrors(table: object, given: object): ArgumentError[] {
  return parseArguments(table, given).errors;
}

/** Errors of required arguments without a value. */
export function missingErrors(table: object, given: object): ArgumentError[] {
  return Object.entries(table as Record<string, Argument<unknown>>)
    .filter(([name, { required }]) => required === true && at(given, name) === undefined)
    .map(([name, { value }]) => ({
      propertyPath: name,
      given: "nothing",
      allowed: value.allowed,
    }));
}

/** Parses arguments, such as a port that was given as text; returns the values and the errors. */
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

/** Sets a value at a path such as `pip.proxy`, in a copy of the object there. */
export function putAt(object: Record<string, unknown>, path: string, value: unknown): void {
  const [head = "", ...rest] = path.split(".");
  if (rest.length === 0) object[head] = value;
  else {
    const inner = { ...(object[head] as Record<string, unknown> | undefined) };
    putAt(inner, rest.join("."), value);
    object[head] = inner;
  }
}

/** Refuses placeholders of the host in a value. */
export function placeholderErrors(propertyPath: string, value: unknown): ArgumentError[] {
  const found = placeholder.exec(JSON.stringify([value]));
  if (found === null) return [];
  return [
    {
      propertyPath,
      given: `${found[0]} in it`,
      allowed: "no @@NAME@@, which the host replaces",
    },
  ];
}
