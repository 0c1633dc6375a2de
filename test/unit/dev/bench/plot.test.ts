import { expect, test } from "vitest";
import { renderPlot } from "../../../../dev/bench/plot";
import { benchmark, contender } from "./results";

const plot = renderPlot(
  benchmark(
    contender("this <program>", { deploy: [30], preview: [1.2], noop: [2], change: [2.5] }),
    contender("ansible & core", { deploy: [44], preview: [11], noop: [12.3], change: [13.4] }),
    contender("a script", { deploy: [33], noop: [0.4], change: [0.4] }),
  ),
);

test("every bar shows its seconds, and the legend names the contenders", () => {
  for (const text of ["30.0 s", "44.0 s", "0.40 s", "this &lt;program&gt;", "ansible &amp; core"]) {
    expect(plot).toContain(`>${text}</text>`);
  }
  expect(plot).not.toContain("<program>");
});

test("the length of a bar is in proportion to its seconds", () => {
  const widths = new Map(barsWithFigures(plot));
  expect(width(widths, "44.0 s") / width(widths, "11.0 s")).toBeCloseTo(4, 1);
  expect(width(widths, "0.40 s")).toBeGreaterThan(0);
});

test("the longest bar and its figure stay within the picture", () => {
  const [, total] = /viewBox="0 0 (\d+) /.exec(plot) ?? [];
  for (const [, x] of plot.matchAll(/<text x="([\d.]+)"[^>]*>[\d.]+ s<\/text>/g)) {
    expect(Number(x) + 60).toBeLessThanOrEqual(Number(total));
  }
});

test("a step that a contender doesn't have is said, not drawn as zero", () => {
  const previews = plot.match(/>has none</g) ?? [];
  // The script's preview; application update and failing update of all three.
  expect(previews).toHaveLength(7);
});

test("contenders differ in colour, the same one in legend and bars", () => {
  const fills = [...plot.matchAll(/<rect [^>]*height="14" fill="([^"]+)"/g)].map(
    ([, fill]) => fill,
  );
  expect(new Set(fills).size).toBe(3);
  for (const fill of fills) expect(plot.split(`fill="${fill ?? ""}"`).length).toBeGreaterThan(3);
});

test.each([0.3, 5, 44, 440])("the axis of %d seconds has few round ticks", (longest) => {
  const text = renderPlot(benchmark(contender("a", { deploy: [longest] })));
  const ticks = [...text.matchAll(/class="quiet middle">([\d.]+)</g)].map(([, tick]) => tick);
  expect(ticks.length).toBeGreaterThanOrEqual(3);
  expect(ticks.length).toBeLessThanOrEqual(8);
  expect(Number(ticks.at(-1))).toBeGreaterThanOrEqual(longest);
  for (const tick of ticks) expect(tick).toMatch(/^\d+(\.\d{1,2})?$/);
});

/** Pairs of a bar's figure and the bar's width. */
function barsWithFigures(svg: string): [string, number][] {
  const bars = svg.matchAll(/<rect [^>]*width="([\d.]+)"[^>]*\/>\n<text [^>]*>([\d.]+ s)</g);
  return [...bars].map(([, barWidth, figure]) => [figure ?? "", Number(barWidth)]);
}

function width(widths: ReadonlyMap<string, number>, figure: string): number {
  return widths.get(figure) ?? Number.NaN;
}
