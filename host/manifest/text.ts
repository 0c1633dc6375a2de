import { type ProblemParts, errorOf } from "../problem";
import { ProblemError } from "../ProblemError";

/** The error for a value that no manifest can hold. */
export function manifestError(parts: ProblemParts): ProblemError {
  return new ProblemError("A manifest can't hold these values", [errorOf(parts)]);
}

/** Content as lines that begin with a bar: the host script never takes them for an entry. */
export function block(content: string): string[] {
  if (content === "") return [];
  if (content.includes("\0"))
    throw manifestError({
      subject: "content",
      given: "text with a NUL byte",
      allowed: "text without",
    });
  const lines = content.split("\n");
  if (content.endsWith("\n")) lines.pop();
  return lines.map((line) => (line === "" ? "|" : `| ${line}`));
}

/** A path in its only spelling. */
export function path(value: string): string {
  // With a dot segment one path would have two names in the ownership records.
  if (!value.startsWith("/") || /\/(\.{0,2})(\/|$)/.test(value)) {
    throw manifestError({
      subject: "path",
      given: JSON.stringify(value),
      allowed: "an absolute path without `.`, `..` or a slash at its end",
    });
  }
  return word(value);
}

/** A value that ends at the next space. */
export function word(value: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is refused here
  if (value === "" || /[\s\u0000-\u001f\u007f]/.test(value)) {
    throw manifestError({
      subject: "word",
      given: JSON.stringify(value),
      allowed: "text without spaces or control characters, not empty",
    });
  }
  return value;
}

/** A value that ends with its line. */
export function oneLine(value: string): string {
  // Without the value, which may be a password.
  if (/[\n\0]/.test(value))
    throw manifestError({ subject: "value", given: "several lines", allowed: "one line" });
  return value;
}

/** The attribute that makes the content of an entry a secret, where its kind alone doesn't. */
export const secretAttribute = "secret=yes";
