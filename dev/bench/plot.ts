import { type BenchmarkResult, formatSeconds, medianSeconds, steps } from "./measurement";

/** Distinguishable by people with colour blindness, and in grey. */
const COLOURS = ["#1b6ca8", "#e08a1e", "#7a7a7a", "#2f9e63"];
const WIDTH = 860;
const LEFT = 210;
/** Room for the figure after the longest bar. */
const RIGHT = 80;
const TOP = 64;
const BAR = 18;
const BETWEEN_STEPS = 16;
const BOTTOM = 48;
const TICKS_WANTED = 6;

/**
 * Medians as horizontal bars, one group per step, on one scale that begins at zero: a bar that is
 * twice as long took twice as long.
 *
 * @returns an SVG document, readable on light and dark pages
 */
export function renderPlot({ contenders, date }: BenchmarkResult): string {
  const groups = steps.map(({ id, title }) => ({
    title,
    bars: contenders.map((contender) => medianSeconds(contender, id)),
  }));
  const groupHeight = contenders.length * BAR + BETWEEN_STEPS;
  const plotHeight = groups.length * groupHeight;
  const height = TOP + plotHeight + BOTTOM;
  const longest = Math.max(...groups.flatMap(({ bars }) => bars.map((bar) => bar ?? 0)), 0.1);
  const step = tickStep(longest);
  const end = Math.ceil(longest / step) * step;
  const x = (seconds: number): number => LEFT + (seconds / end) * (WIDTH - LEFT - RIGHT);

  const parts = [
    ...legend(contenders.map(({ title }) => title)),
    ...axis(end, step, x, TOP + plotHeight),
    ...groups.flatMap(({ title, bars }, index) =>
      group(title, bars, TOP + index * groupHeight + BETWEEN_STEPS / 2, x),
    ),
    text(LEFT, height - 10, `seconds, medians; run on ${date.slice(0, 10)}`, `class="quiet"`),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>How long each step takes, in seconds</title>`,
    `<style>text{font:13px sans-serif;fill:#222}.quiet{fill:#666}.end{text-anchor:end}.middle{text-anchor:middle}</style>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    ...parts,
    `</svg>`,
    ``,
  ].join("\n");
}

function legend(titles: readonly string[]): string[] {
  const width = (WIDTH - LEFT - RIGHT) / Math.max(titles.length, 1);
  return titles.flatMap((title, index) => {
    const left = LEFT + index * width;
    return [rectangle(left, 18, 14, 14, colour(index)), text(left + 20, 30, title)];
  });
}

function axis(end: number, step: number, x: (seconds: number) => number, bottom: number): string[] {
  const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, index) => index * step);
  return ticks.flatMap((tick) => [
    `<line x1="${round(x(tick))}" y1="${TOP - 8}" x2="${round(x(tick))}" y2="${bottom}" stroke="#ddd"/>`,
    text(x(tick), bottom + 16, String(round(tick)), `class="quiet middle"`),
  ]);
}

function group(
  title: string,
  bars: readonly (number | undefined)[],
  top: number,
  x: (seconds: number) => number,
): string[] {
  const middle = top + (bars.length * BAR) / 2 + 4;
  return [
    text(LEFT - 12, middle, title, `class="end"`),
    ...bars.flatMap((seconds, index) => {
      const y = top + index * BAR;
      if (seconds === undefined) {
        return [text(LEFT + 6, y + BAR - 5, "has none", `class="quiet"`)];
      }
      return [
        rectangle(LEFT, y + 1, Math.max(x(seconds) - LEFT, 1), BAR - 3, colour(index)),
        text(x(seconds) + 6, y + BAR - 5, formatSeconds(seconds)),
      ];
    }),
  ];
}

/** Smallest of 1, 2 and 5 times a power of ten with which few enough ticks reach `longest`. */
function tickStep(longest: number): number {
  const power = 10 ** Math.floor(Math.log10(longest / TICKS_WANTED));
  const factor = [1, 2, 5, 10].find((each) => longest / (each * power) <= TICKS_WANTED) ?? 10;
  return factor * power;
}

function rectangle(x: number, y: number, width: number, height: number, fill: string): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${height}" fill="${fill}"/>`;
}

function text(x: number, y: number, content: string, attributes?: string): string {
  const more = attributes === undefined ? "" : ` ${attributes}`;
  return `<text x="${round(x)}" y="${round(y)}"${more}>${escapeXml(content)}</text>`;
}

function escapeXml(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length] ?? "#000";
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
