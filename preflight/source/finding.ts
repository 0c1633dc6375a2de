/** Something about an application's source that its author should know before it is deployed. */
export interface SourceFinding {
  /** A fault would fail on the host; a warning may be meant as it is. */
  readonly severity: "fault" | "warning";
  /** The file that it is about, within the source. */
  readonly path: string;
  /** What was found, what is expected, and how to mend it. */
  readonly message: string;
}

/** Contents of the files that isInspected() names, by their path; what is missing doesn't exist. */
export type SourceFiles = ReadonlyMap<string, string>;

/** One line for a person. */
export function findingText({ path, message }: SourceFinding): string {
  return `${shownPath(path)}: ${message}`;
}

/** A path in one line, whatever it has in it. */
export function shownPath(path: string): string {
  return /\p{Cc}/u.test(path) ? JSON.stringify(path) : path;
}

/** The first ten of several paths. */
export function shownList(paths: readonly string[]): string {
  const most = 10;
  const more = paths.length > most ? ` and ${paths.length - most} more` : "";
  return `${paths.slice(0, most).map(shownPath).join(", ")}${more}`;
}

export function fault(path: string, message: string): SourceFinding {
  return { severity: "fault", path, message };
}

export function warning(path: string, message: string): SourceFinding {
  return { severity: "warning", path, message };
}
