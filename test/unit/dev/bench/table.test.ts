import { expect, test } from "vitest";
import { renderTable } from "../../../../dev/bench/table";
import { benchmark, contender } from "./results";

test("each step is a row, each contender a column, repeated steps show their median", () => {
  const table = renderTable(
    benchmark(
      contender("this program", { deploy: [30.04], noop: [2, 9, 1.5] }),
      contender("a script", { deploy: [33], noop: [0.4, 0.41, 0.42] }),
    ),
  );
  expect(rowOf(table, "first deploy")).toEqual(["first deploy", "30.0 s", "33.0 s"]);
  expect(rowOf(table, "no-op run")).toEqual(["no-op run", "2.0 s (3)", "0.41 s (3)"]);
  expect(table).toContain("2026-11-23, 2 cores, load 0.3");
});

test("what a contender doesn't have is a dash", () => {
  const table = renderTable(benchmark(contender("a script", { deploy: [33] })));
  expect(rowOf(table, "no-op preview")).toEqual(["no-op preview", "–"]);
  expect(table).not.toContain("median");
});

test("answers are counted, the most frequent first, and a failure that nobody reports stands out", () => {
  const broken = contender(
    "a script",
    {},
    { afterFailure: { "version 1.0.0": 3, "code 1.0.0 with templates 2.0.0": 157 } },
  );
  const table = renderTable(benchmark({ ...broken, failureReported: false }));
  expect(rowOf(table, "answers after it")[1]).toBe(
    "code 1.0.0 with templates 2.0.0: 157<br>version 1.0.0: 3",
  );
  expect(rowOf(table, "failing update reported")[1]).toBe("**no**");
});

test("all rows of a table are as wide as its header, so that it reads as plain text too", () => {
  const table = renderTable(benchmark(contender("this program", { deploy: [1], noop: [2, 3] })));
  for (const part of table.split("\n\n").slice(0, 2)) {
    expect(new Set(part.split("\n").map((line) => line.length)).size).toBe(1);
  }
});

function rowOf(table: string, title: string): string[] {
  const line = table.split("\n").find((each) => each.startsWith(`| ${title} `));
  return (line ?? "")
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
}
