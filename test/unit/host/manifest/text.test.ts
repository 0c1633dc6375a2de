import { describe, expect, it } from "vitest";
import { block, oneLine, path, word } from "../../../../host/manifest/text";

describe("a manifest's", () => {
  it("block is one line for each of the content's, which no entry can look like", () => {
    expect(block("")).toEqual([]);
    expect(block("a\n\nend\n")).toEqual(["| a", "|", "| end"]);
    expect(block("a")).toEqual(["| a"]);
    expect(block("\n")).toEqual(["|"]);
  });

  it("path has one spelling", () => {
    for (const value of ["/a", "/a/b.c", "/a/...", "/.a"]) expect(path(value)).toBe(value);
    for (const value of ["", "a", "/", "/a/", "//a", "/a//b", "/a/./b", "/..", "/a/..", "/a b"]) {
      expect(() => path(value), value).toThrow(/^A manifest can't hold these values/);
    }
  });

  it.each<[what: string, error: () => unknown, parts: RegExp]>([
    [
      "content with a NUL byte",
      () => block("a\0hush"),
      /\n {2}content\n {4}given: {3}text with a NUL byte\n {4}allowed: text without$/,
    ],
    [
      "path with two spellings",
      () => path("/a/../b"),
      /\n {2}path\n {4}given: {3}"\/a\/\.\.\/b"\n {4}allowed: an absolute path without `\.`, `\.\.` or a slash at its end$/,
    ],
    [
      "word of several",
      () => word("a b"),
      /\n {2}word\n {4}given: {3}"a b"\n {4}allowed: text without spaces or control characters, not empty$/,
    ],
    ["empty word", () => word(""), /given: {3}""/],
    ["word with an escape", () => word("a\u001b[1m"), /given: {3}"a\\u001b\[1m"/],
    [
      "value of several lines",
      () => oneLine("hush\nhush"),
      /\n {2}value\n {4}given: {3}several lines\n {4}allowed: one line$/,
    ],
    ["value with a NUL byte", () => oneLine("hush\0"), /given: {3}several lines/],
  ])("%s is refused, in parts, without what may be a secret", (_, error, parts) => {
    expect(error).toThrow(parts);
    expect(error).not.toThrow(/hush/);
  });
});
