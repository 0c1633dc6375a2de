import { firstLines } from "../../host/lineDifference";
import { problemError } from "../../host/ProblemError";
import { type Drift, driftCount } from "./drifted";
import type { Change, Message } from "./engineReport";
import type { CiResult } from "./result";

/** Lines of one resource that the summary shows; `result.json` has all. */
const shownLines = 60;

/** Bytes of a summary: GitHub takes 65536 characters in a comment, and a variable has 131071 bytes at most. */
const shownBytes = 60_000;

/** First line of a summary. By it a comment or an issue is found again. */
export function summaryMark({ command, stack }: Pick<CiResult, "command" | "stack">): string {
  return `<!-- tracks-ci: ${command} ${stack} -->`;
}

/**
 * The mark of a summary.
 *
 * @throws ProblemError where the text has none, or that of another stack
 */
export function markIn(summary: string, stack: string): string {
  const [mark, about] =
    /^<!-- tracks-ci: (?:preview|deploy|drift) ([\w./-]+) -->(?=\n)/.exec(summary) ?? [];
  if (mark !== undefined && about === stack) return mark;
  throw problemError({
    subject: "The text is no summary of ci/preview, ci/deploy or ci/drift for this stack",
    given: `--stack ${stack}`,
    found: summary.split("\n", 1)[0],
  });
}

/** The result as Markdown, for a comment, an issue or a page of the pipeline. */
export function summaryOf(result: CiResult): string {
  const { changes, drift, failure, messages, seconds } = result;
  const parts = [
    `${summaryMark(result)}\n### ${headingOf(result)}`,
    ...(failure === undefined ? [] : [fenced("", failure.split("\n"))]),
    ...messages.filter(({ text }) => text !== failure).map(messagePart),
    ...(changes.length === 0 ? [] : [table(changes)]),
    ...changes.filter(({ lines }) => lines.length > 0).map(linesPart),
    ...(drift === undefined || drift.length === 0 ? [] : [driftPart(drift)]),
    `${seconds} s`,
  ];
  return clipped(parts);
}

/** The result in one line. */
export function headingOf({ command, stack, state, changes, drift }: CiResult): string {
  const about = `${command} of ${stack}`;
  if (state === "failed") return `${about}: failed`;
  const differs = drift === undefined ? 0 : driftCount(drift);
  const found = [
    ...(command === "drift" ? [] : [counted(changes.length, "change")]),
    ...(differs > 0 ? [`${counted(differs, "difference")} on the host`] : []),
  ];
  if (state === "done") {
    if (command === "deploy") return `${about}: done, ${found.join(", ")}`;
    return `${about}: ${command === "preview" ? "nothing to do" : "the host is as it was applied"}`;
  }
  return `${about}: ${found.join(", ")}`;
}

function messagePart({ severity, resource, text }: Message): string {
  const subject = resource === undefined ? "" : ` (\`${resource}\`)`;
  return `**${severity}**${subject}\n\n${fenced("", text.split("\n"))}`;
}

function table(changes: readonly Change[]): string {
  const rows = changes.map(
    ({ resource, operation, properties }) =>
      `| \`${resource}\` | ${operation} | ${properties.map((name) => `\`${name}\``).join(", ")} |`,
  );
  return ["| resource | what | inputs |", "| --- | --- | --- |", ...rows].join("\n");
}

function linesPart({ resource, lines }: Change): string {
  const shown = firstLines(lines, shownLines);
  return `<details open><summary><code>${resource}</code></summary>\n\n${fenced("diff", shown)}\n\n</details>`;
}

function driftPart(drift: readonly Drift[]): string {
  const rows = drift.flatMap(({ resource, names }) =>
    names.map((name) => `- \`${name}\` (${resource})`),
  );
  return `The host differs from what was applied (${driftCount(drift)}):\n\n${rows.join("\n")}`;
}

/** A block whose end no line of it can be. */
function fenced(language: string, lines: readonly string[]): string {
  const runs = lines.join("\n").match(/`{3,}/g) ?? [];
  const fence = "`".repeat(Math.max(3, ...runs.map((run) => run.length + 1)));
  return [`${fence}${language}`, ...lines, fence].join("\n");
}

/** As many parts as there is room for: none is cut, since half a block would swallow what follows. */
function clipped(parts: readonly string[]): string {
  const left = "\nMore is in result.json: it is too long for here.\n";
  let text = "";
  for (const part of parts) {
    const longer = `${text}${text === "" ? "" : "\n"}${part}\n`;
    if (Buffer.byteLength(longer) + left.length > shownBytes) return `${text}${left}`;
    text = longer;
  }
  return text;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
