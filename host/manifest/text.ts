import { UserError } from "../userError";

/** A manifest that can't be written down; always a fault of the program, so it names the value. */
export class ManifestError extends UserError {
  constructor(message: string) {
    super("ManifestError", message);
  }
}

/** Content as lines behind a bar, so that no content can be taken for an entry. */
export function block(content: string): string[] {
  if (content === "") return [];
  if (content.includes("\0")) throw new ManifestError("content with a NUL byte is no text file");
  const lines = content.split("\n");
  if (content.endsWith("\n")) lines.pop();
  return lines.map((line) => (line === "" ? "|" : `| ${line}`));
}

/** A path that has one spelling only. */
export function path(value: string): string {
  // A dot segment would let one path stand under two names in the ownership records.
  if (!value.startsWith("/") || /\/(\.{0,2})(\/|$)/.test(value)) {
    throw new ManifestError(
      `path "${value}": give an absolute path without ., .. or a final slash`,
    );
  }
  return word(value);
}

/** A value that ends at the next blank. */
export function word(value: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is refused here
  if (value === "" || /[\s\u0000-\u001f\u007f]/.test(value)) {
    throw new ManifestError(`"${value}": give a word without spaces or control characters`);
  }
  return value;
}

/** A value that ends with its line. */
export function oneLine(value: string): string {
  if (/[\n\0]/.test(value)) throw new ManifestError("a value of several lines where one is taken");
  return value;
}

/** The attribute that makes the content of an entry a secret, where its kind alone doesn't. */
export const secretAttribute = "secret=yes";
