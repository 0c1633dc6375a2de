/** A path on one line, whatever characters it has. */
export function shownPath(path: string): string {
  return /\p{Cc}/u.test(path) ? JSON.stringify(path) : path;
}

/** The first ten of several paths. */
export function shownList(paths: readonly string[]): string {
  const most = 10;
  const more = paths.length > most ? ` and ${paths.length - most} more` : "";
  return `${paths.slice(0, most).map(shownPath).join(", ")}${more}`;
}
