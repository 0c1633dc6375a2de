/**
 * What logs in, in a URL. People write passwords as they are: up to the last `@` of the authority, which
 * ends at the first slash, unless what is behind the colon is no port: then up to the last `@` of all.
 * The host's program `requirements.py` has the same.
 */
const login = /(:\/\/)(?:[^/\s@:]*:(?!\d*(?:[/\s]|$))\S*|[^/\s]*)@/g;

/** A token in place of a user's name, as for GitHub. */
const token = /:\/\/[^/\s@:]{20,}@/;

/** Without whatever logs in. */
export function shownUrl(url: string): string {
  return url.replace(login, "$1****@");
}

export function hasPassword(url: string): boolean {
  return token.test(url) || /:\/\/[^/\s@:]*:/.test(url.match(login)?.[0] ?? "");
}
