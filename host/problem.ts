/** Something that the stack's owner must fix or should know, in parts that a person reads one by one. */
export interface Problem {
  /** An `error` stops the deployment before it changes anything; a `warning` is shown, and it goes on. */
  readonly severity: "error" | "warning";
  /** The setting, argument or file, such as `tracks:listenPort`; or what fails, as a short sentence. */
  readonly subject: string;
  /** The value that somebody wrote, as it may be shown: never a secret. */
  readonly given?: string | undefined;
  /** The state of the host, the server or the file. */
  readonly found?: string | undefined;
  readonly allowed?: string | undefined;
  /** Commands, or sentences that say what to do: one per line, in their order. */
  readonly fix?: readonly string[] | undefined;
  /** Why it is a problem, or a tool's own words: of several lines the last one says most. */
  readonly reason?: string | undefined;
}

/** A problem without its severity, where only one is possible. */
export type ProblemParts = Omit<Problem, "severity">;

export function errorOf(parts: ProblemParts): Problem {
  return { severity: "error", ...parts };
}

export function warningOf(parts: ProblemParts): Problem {
  return { severity: "warning", ...parts };
}

/** The problems of one severity. */
export function ofSeverity(
  severity: Problem["severity"],
  problems: readonly Problem[],
): readonly Problem[] {
  return problems.filter((problem) => problem.severity === severity);
}

const labels = ["given", "found", "allowed", "fix", "reason"] as const;

/** Columns of the longest label, its colon and the space after it. */
const labelWidth = "allowed: ".length;

/** The problem as a person reads it: its subject, and below it each part from a line of its own on, the reason last. */
export function problemText(problem: Problem): string {
  const lines = [problem.subject];
  for (const label of labels) {
    const part = problem[label] ?? [];
    const [first, ...more] = (typeof part === "string" ? [part] : part).flatMap((text) =>
      text.trimEnd().split("\n"),
    );
    if (first === undefined) continue;
    lines.push(`${`${label}:`.padEnd(labelWidth)}${first}`);
    lines.push(...more.map((line) => `${" ".repeat(labelWidth)}${line}`));
  }
  const [subject, ...parts] = lines;
  return [subject, ...parts.map((line) => `  ${line}`)].join("\n").replace(/ +$/gm, "");
}

/** Several problems below what they have in common, with an empty line between them. */
export function problemList(heading: string, problems: readonly Problem[]): string {
  const blocks = problems.map((problem) => problemText(problem).replace(/^(?=.)/gm, "  "));
  return [`${heading}:`, ...blocks].join("\n\n");
}

/** Puts a text that names arguments of components into the terms of who reads it, such as a stack's settings. */
export type Terms = (text: string) => string;

/** Terms of a program of one's own, which gives the arguments itself. */
export const inArguments: Terms = (text) => text;

/** The same problem in the terms of who reads it. */
export function reworded(problem: Problem, inTerms: Terms): Problem {
  const { severity, subject, fix, ...texts } = problem;
  return {
    severity,
    subject: inTerms(subject),
    ...Object.fromEntries(
      Object.entries(texts).map(([part, text]) => [part, text && inTerms(text)]),
    ),
    fix: fix?.map(inTerms),
  };
}
