import { firstLines } from "../../host/lineDifference";
import { problemError } from "../../host/ProblemError";
import { type Drift, driftCount } from "./drifted";
import type { Change, Message } from "./engineReport";
import type { CiResult } from "./result";

/** Lines of one resource, or of one message, that the summary shows; `result.json` has all. */
const shownLines = 60;

/** Names of what differs on the host that the summary shows. */
const shownNames = 100;

/** Characters of a line that the summary shows. */
const shownCharacters = 500;

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
    ...(failure === undefined ? [] : [fenced("", endsOf(failure))]),
    ...messages.filter(({ text }) => text !== failure).map(messagePart),
    ...(drift === undefined || drift.length === 0 ? [] : [driftPart(drift)]),
    ...(changes.length === 0 ? [] : [table(changes)]),
    // What could be too long for the place comes last.
    ...changes.filter(({ lines }) => lines.length > 0).map(linesPart),
    `${seconds} s`,
  ];
  return clipped(parts);
}

/** The result in one line. */
export function headingOf(result: CiResult): string {
  const { command, stack, state, changes, drift, restored } = result;
  const about = `${command} of ${stack}`;
  const differs = drift === undefined ? 0 : driftCount(drift);
  const onHost = differs > 0 ? [`${counted(differs, "difference")} on the host`] : [];
  if (state === "failed") {
    if (restored === undefined) return `${about}: failed`;
    const left = restored ? "nothing is left half done" : "something is left half done";
    return `${about}: failed, ${left} on the host`;
  }
  if (command === "drift") return `${about}: ${onHost[0] ?? "the host is as it was applied"}`;
  const changed = counted(changes.length, "change");
  if (command === "deploy") return `${about}: done, ${changed}`;
  const unseen = drift === undefined ? ["nobody could look at the host"] : [];
  const found = state === "done" ? "nothing to do" : changed;
  return `${about}: ${[found, ...onHost, ...unseen].join(", ")}`;
}

function messagePart({ severity, resource, text }: Message): string {
  const subject = resource === undefined ? "" : ` (${code(resource)})`;
  return `**${severity}**${subject}\n\n${fenced("", endsOf(text))}`;
}

function table(changes: readonly Change[]): string {
  const cell = (text: string) => code(text).replaceAll("|", "\\|");
  const rows = changes.map(
    ({ resource, operation, properties }) =>
      `| ${cell(resource)} | ${operation} | ${properties.map(cell).join(", ")} |`,
  );
  return ["| resource | what | inputs |", "| --- | --- | --- |", ...rows].join("\n");
}

function linesPart({ resource, lines }: Change): string {
  const shown = firstLines(lines, shownLines);
  return `<details open><summary><code>${inHtml(resource)}</code></summary>\n\n${fenced("diff", shown)}\n\n</details>`;
}

function driftPart(drift: readonly Drift[]): string {
  const rows = drift.flatMap(({ resource, names }) =>
    names.map((name) => `- ${code(name)} (${code(resource)})`),
  );
  const shown = firstLines(rows, shownNames).join("\n");
  return `The host differs from what was applied (${driftCount(drift)}):\n\n${shown}`;
}

/** The first lines and, since the last ones say most, more of those. */
function endsOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.length <= shownLines) return lines;
  const last = shownLines * 0.75;
  const left = lines.length - shownLines;
  return [
    ...lines.slice(0, shownLines - last),
    `... ${counted(left, "line")} left out`,
    ...lines.slice(-last),
  ];
}

/** A text of others, such as a path on the host, as code: neither a mention nor a tag in it is one. */
function code(text: string): string {
  const line = cut(text.replace(/\s/g, " "));
  const fence = "`".repeat(1 + longestRun(line));
  // GitHub takes away one space at each end.
  return /^`|`$|^ .* $/.test(line) ? `${fence} ${line} ${fence}` : `${fence}${line}${fence}`;
}

/** A block whose end no line of it can be. */
function fenced(language: string, lines: readonly string[]): string {
  const shown = lines.map(cut);
  const fence = "`".repeat(Math.max(3, 1 + longestRun(shown.join("\n"))));
  return [`${fence}${language}`, ...shown, fence].join("\n");
}

/** Length of the longest run of backticks; 0 without one. */
function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}

function cut(line: string): string {
  return line.length > shownCharacters ? `${line.slice(0, shownCharacters)} ...` : line;
}

function inHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
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
