import { z } from "zod";

/** A kind of value: how it is written, which values are allowed, and the parser that checks it. */
export interface Value<T> {
  /** Name of the type in the reference: `text`, `integer`, `true or false`, `list`. */
  readonly type: string;
  /** The allowed values, in words that follow "allowed:". */
  readonly allowed: string;
  /** Whether the setting's text is the value itself, or its JSON, as Pulumi passes lists and objects. */
  readonly encoding: "text" | "json";
  readonly schema: z.ZodType<T>;
}

/** One line of text that matches the pattern. */
export function text(allowed: string, pattern: RegExp): Value<string> {
  return {
    type: "text",
    allowed,
    encoding: "text",
    schema: z.string({ error: allowed }).regex(pattern, { error: allowed, abort: true }),
  };
}

/** Text of any number of lines, without control characters; line ends of Windows become plain ones. */
export function lines(allowed: string): Value<string> {
  return {
    type: "lines of text",
    allowed,
    encoding: "text",
    schema: z
      .string({ error: allowed })
      .transform((value) => value.replaceAll("\r\n", "\n"))
      .refine((value) => /\S/.test(value) && /^[\P{Cc}\n\t]*$/u.test(value), { error: allowed }),
  };
}

/** A whole number within bounds. */
export function integer(what: string, minimum: number, maximum: number): Value<number> {
  const allowed = `${what}, ${minimum} to ${maximum}`;
  return {
    type: "integer",
    allowed,
    encoding: "text",
    schema: z
      // Of a union, zod passes on the error of the one that has the value's type.
      .union([z.string().regex(/^\d{1,9}$/, { error: allowed }), z.int({ error: allowed })], {
        error: allowed,
      })
      .transform(Number)
      .refine((number) => number >= minimum && number <= maximum, { error: allowed }),
  };
}

export const yesOrNo: Value<boolean> = {
  type: "true or false",
  allowed: "`true` or `false`",
  encoding: "text",
  schema: z
    .union([z.literal("true"), z.literal("false"), z.boolean()], { error: "`true` or `false`" })
    .transform((value) => value === true || value === "true"),
};

/** One of a few words. */
export function oneOf<const T extends string>(...words: readonly [T, ...T[]]): Value<T> {
  const allowed = words.map((word) => `\`${word}\``).join(" or ");
  return { type: "text", allowed, encoding: "text", schema: z.enum(words, { error: allowed }) };
}

/** A value of the first kind or of the second. */
export function either<A, B>(first: Value<A>, second: Value<B>): Value<A | B> {
  const allowed = `${first.allowed}; or ${second.allowed}`;
  return {
    type: `${first.type} or ${second.type}`,
    allowed,
    encoding: "text",
    schema: z.union([first.schema, second.schema], { error: allowed }),
  };
}

/** A list of at least `minimum` items (default 0), each once unless `repeats` (default false). */
export function listOf<T>(
  item: Value<T>,
  what: string,
  { minimum = 0, repeats = false }: { minimum?: number; repeats?: boolean } = {},
): Value<T[]> {
  const allowed = `a list of ${minimum > 0 ? `at least ${minimum} of ` : ""}${what}, each of them ${item.allowed}`;
  return {
    type: "list",
    allowed,
    encoding: "json",
    schema: z
      .array(item.schema, { error: allowed })
      .min(minimum, { error: allowed })
      .superRefine((items, context) => {
        const texts = items.map((value) => JSON.stringify(value));
        texts.forEach((value, index) => {
          if (repeats || texts.indexOf(value) === index) return;
          context.addIssue({
            code: "custom",
            path: [index],
            message: "each item once",
            params: { superfluous: true },
          });
        });
      }),
  };
}

/** A part of a value that is not allowed. */
export interface Refusal {
  /** Path of the part within the value, such as `[1].priority`; empty for the whole. */
  readonly path: string;
  readonly given: unknown;
  /** The allowed values, in words that follow "allowed:". */
  readonly allowed: string;
  /** Whether to remove it rather than to change it. */
  readonly superfluous: boolean;
}

/** Parses a value; returns it, or every part of it that is not allowed. */
export function parseValue<T>(
  value: Value<T>,
  given: unknown,
): { readonly parsed: T } | { readonly refusals: readonly Refusal[] } {
  const result = value.schema.safeParse(given);
  if (result.success) return { parsed: result.data };
  return {
    refusals: result.error.issues.map((issue) => ({
      path: issue.path
        .map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`))
        .join(""),
      given: issue.path.reduce<unknown>(
        (part, step) =>
          typeof part === "object" && part !== null
            ? (part as Record<PropertyKey, unknown>)[step]
            : undefined,
        given,
      ),
      allowed: issue.message,
      superfluous: issue.code === "custom" && issue.params?.["superfluous"] === true,
    })),
  };
}

/** A value as a message shows it: as JSON, on one line, 120 characters at most. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}
