/**
 * The login in a URL. People write passwords without encoding them: the login ends at the last `@` before
 * the first slash; where no port follows the colon, at the last `@` of the whole URL.
 * The host's program `requirements.py` has the same rule.
 */
const login = /(:\/\/)(?:[^/\s@:]*:(?!\d*(?:[/\s]|$))\S*|[^/\s]*)@/g;

/** A token instead of a user's name, as for GitHub. */
const token = /:\/\/[^/\s@:]{20,}@/;

/** The URL with its login masked. */
export function shownUrl(url: string): string {
  return url.replace(login, "$1****@");
}

export function hasPassword(url: string): boolean {
  return token.test(url) || /:\/\/[^/\s@:]*:/.test(url.match(login)?.[0] ?? "");
}
