import { describe, expect, it } from "vitest";
import { isOlder } from "../../../dev/toolchain/pathCli";

describe("isOlder", () => {
  it.each([
    ["3.220.0", "3.220.0", false],
    ["3.99.9", "3.220.0", true],
    ["3.220.1", "3.220.0", false],
    ["4.0.0", "3.220.0", false],
    ["2.300.0", "3.220.0", true],
  ])("%s against %s: %s", (version, bound, older) => {
    expect(isOlder(version, bound)).toBe(older);
  });
});
