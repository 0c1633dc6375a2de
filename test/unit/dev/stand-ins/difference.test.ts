import { describe, expect, it } from "vitest";
import { difference } from "../../../../dev/stand-ins/protocol/difference";
import { secret } from "../../../../dev/stand-ins/protocol/property";

describe("the difference of two maps of inputs", () => {
  it("names each path that was added, deleted or changed", () => {
    const olds = { same: "1", gone: "1", list: [1, 2], map: { inner: { deep: 1 } }, none: null };
    const news = { same: "1", list: [1, 3, 4], map: { inner: { deep: 2 } }, more: true };
    expect(Object.fromEntries(difference(olds, news))).toEqual({
      gone: "delete",
      "list[1]": "update",
      "list[2]": "add",
      "map.inner.deep": "update",
      more: "add",
    });
  });

  it("takes a secret as one value, and becoming secret as a change", () => {
    const word = { a: secret({ inner: "1" }), b: "1", c: secret("1") };
    const other = { a: secret({ inner: "2" }), b: secret("1"), c: secret("1") };
    expect(Object.fromEntries(difference(word, other))).toEqual({ a: "update", b: "update" });
  });

  it("compares assets by their digest alone", () => {
    const asset = (hash: string, path: string) => ({
      "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17",
      hash,
      path,
    });
    const before = { source: asset("1", "a") };
    expect(difference(before, { source: asset("1", "b") }).size).toBe(0);
    expect(difference(before, { source: asset("2", "a") }).get("source")).toBe("update");
  });
});
