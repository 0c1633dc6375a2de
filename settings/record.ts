import type { Value } from "../host/manifest/value";

/** Reads a list of pairs, each one text such as `NAME=VALUE`, as a record. */
export function recordOf(pairs: Value<string[]>, separator: string): Value<Record<string, string>> {
  const split = (text: string): [string, string] => {
    const at = text.indexOf(separator);
    return [text.slice(0, at), text.slice(at + separator.length)];
  };
  return {
    ...pairs,
    schema: pairs.schema
      .superRefine((texts, context) => {
        const names = texts.map((text) => split(text)[0]);
        names.forEach((name, index) => {
          if (names.indexOf(name) === index) return;
          context.addIssue({
            code: "custom",
            path: [index],
            message: `\`${name}\` once`,
            params: { superfluous: true },
          });
        });
      })
      .transform((texts) => Object.fromEntries(texts.map(split))),
  };
}
