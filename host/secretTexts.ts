/** Characters of the shortest text that is looked for: a shorter one would be found in words. */
const shortest = 4;

/** Characters of the shortest piece of base64 text that is looked for, since it has no word around it. */
const shortestBase64 = 8;

/**
 * The texts that give secrets away: each secret and each of its lines, as they are and as tools write them, in
 * JSON, an address (`%40`), a word of the shell, or in the middle of base64 text. The longest come first.
 *
 * Of a secret that is a list or an object in JSON also each text in it, and what follows its first `=`, as in
 * `NAME=VALUE`: they are used without the JSON around them. That is so for a setting of which only a part is encrypted,
 * too, since Pulumi does not tell which.
 *
 * Lines that every key has (`-----BEGIN ...`) and texts of less than four characters are left out.
 */
export function secretTexts(secrets: readonly string[]): string[] {
  const texts = secrets
    .flatMap((secret) => [secret, ...textsIn(secret)])
    .flatMap((text) => [text, ...text.split(/\r?\n/)])
    .map((text) => text.trim())
    .filter((text) => text.length >= shortest && !/^-----/.test(text));
  return [...new Set(texts.flatMap(formsOf))].sort((one, other) => other.length - one.length);
}

/** The texts in a list or an object; none in another text. */
function textsIn(secret: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(secret);
  } catch {
    return [];
  }
  return leavesOf(value).flatMap((text) => [text, text.slice(text.indexOf("=") + 1)]);
}

function leavesOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (value === null || typeof value !== "object") return [];
  return Object.values(value).flatMap(leavesOf);
}

function formsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  return [
    text,
    JSON.stringify(text).slice(1, -1),
    encodeURIComponent(bytes.toString()),
    text.replaceAll("'", "'\\''"),
    ...base64Forms(bytes),
  ];
}

/** As it is behind 0, 1 or 2 other bytes of a group, without the characters that others have a part in. */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2]
    .map((before) => {
      const padded = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
      const begin = Math.ceil((before * 8) / 6);
      return padded.slice(begin, Math.floor(((before + bytes.length) * 8) / 6));
    })
    .filter((form) => form.length >= shortestBase64)
    .flatMap((form) => [form, form.replaceAll("+", "-").replaceAll("/", "_")]);
}
