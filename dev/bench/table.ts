import {
  type BenchmarkResult,
  type ContenderResult,
  formatSeconds,
  medianSeconds,
  type StepId,
  steps,
  type Tally,
} from "./measurement";

/** The result for a person: two Markdown tables, and how they were measured. */
export function renderTable(result: BenchmarkResult): string {
  const { contenders } = result;
  const titles = contenders.map(({ title }) => title);
  const seconds = steps.map(({ id, title }) => [
    title,
    ...contenders.map((contender) => secondsCell(contender, id)),
  ]);
  const answers = [
    ["answers while updating", ...contenders.map((c) => tallyCell(c.answers.duringUpdate))],
    [
      "failing update reported",
      ...contenders.map(({ failureReported }) => (failureReported ? "yes" : "**no**")),
    ],
    ["answers after it", ...contenders.map((c) => tallyCell(c.answers.afterFailure))],
    ["... and a restart", ...contenders.map((c) => tallyCell(c.answers.afterRestart))],
  ];
  return [
    markdownTable(["", ...titles], seconds),
    "",
    markdownTable(["", ...titles], answers),
    "",
    provenance(result),
    "",
  ].join("\n");
}

function secondsCell(contender: ContenderResult, step: StepId): string {
  const value = medianSeconds(contender, step);
  if (value === undefined) return "–";
  const runs = contender.seconds[step]?.length ?? 0;
  return runs > 1 ? `${formatSeconds(value)} (${runs})` : formatSeconds(value);
}

/** Counts of answers, the most frequent one first. */
function tallyCell(tally: Tally): string {
  const entries = Object.entries(tally).sort(([, a], [, b]) => b - a);
  if (entries.length === 0) return "–";
  return entries.map(([answer, count]) => `${answer}: ${count}`).join("<br>");
}

function provenance({ date, cores, load, contenders }: BenchmarkResult): string {
  const repeated = contenders.some(({ seconds }) =>
    Object.values(seconds).some((runs) => runs.length > 1),
  );
  return [
    `Wall time of the command that a person types, each contender on a fresh host of the same image.`,
    ...(repeated ? ["With a number in brackets: median of so many runs."] : []),
    `Run on ${date.slice(0, 10)}, ${cores} cores, load ${load.toFixed(1)} before it.`,
  ].join(" ");
}

/** Markdown table: the first column has text, the others are aligned to the right. */
function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(4, title.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => pad(cell, column, widths)).join(" | ")} |`;
  const rule = widths.map((width, column) =>
    column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  return [line(header), `| ${rule.join(" | ")} |`, ...rows.map(line)].join("\n");
}

function pad(cell: string, column: number, widths: readonly number[]): string {
  const width = widths[column] ?? 0;
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}
