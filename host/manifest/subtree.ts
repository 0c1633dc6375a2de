/**
 * The pattern of a file context rule for a path and everything below it, as semanage takes it:
 * `/srv/www\.tracks(/.*)?`. Names match literally; without the backslash a dot would match any character.
 */
export function subtree(path: string): string {
  return `${literally(path)}(/.*)?`;
}

/** The part of such a pattern, or of a regular expression, that matches exactly this text. */
export function literally(text: string): string {
  return text.replace(/[.+*?^$(){}|[\]\\]/g, "\\$&");
}
