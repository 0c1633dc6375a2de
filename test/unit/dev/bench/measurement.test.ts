import { describe, expect, test } from "vitest";
import { formatSeconds, median, medianSeconds } from "../../../../dev/bench/measurement";
import { contender } from "./results";

describe("the median", () => {
  test.each([
    [[3], 3],
    [[9, 1, 2], 2],
    [[4, 1, 2, 100], 3],
  ])("of %j is %d", (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  test("of an empty list doesn't exist", () => {
    expect(() => median([])).toThrow(RangeError);
    expect(medianSeconds(contender("a", {}), "preview")).toBeUndefined();
    expect(medianSeconds(contender("a", { preview: [] }), "preview")).toBeUndefined();
  });

  test("leaves the values in their order", () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });
});

test.each([
  [0.4, "0.40 s"],
  [0.994, "0.99 s"],
  [0.996, "1.0 s"],
  [12.34, "12.3 s"],
])("%d seconds read %s", (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});
