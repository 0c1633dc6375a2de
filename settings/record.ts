import type { Value } from "../host/manifest/value";

/** A list of pairs, each in one text such as `NAME=VALUE`, read as what each name stands for. */
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
