import { expect, it } from "vitest";
import { StackKey } from "../../../../preflight/plan/StackKey";

const strong = "a secret that has more than 32 characters";

it("names equal secrets alike in one place of one stack, and otherwise differently", () => {
  const name = (scope: string, where: string, key = strong) =>
    StackKey.of(scope, [key, "hush"])?.nameOf(where, "hush");
  expect(name("tracks.dev", "a")).toBe(name("tracks.dev", "a"));
  const names = [
    name("tracks.dev", "a"),
    name("tracks.dev", "b"),
    name("tracks.production", "a"),
    name("tracks.dev", "a", `${strong}!`),
  ];
  expect(new Set(names).size).toBe(4);
});

it("has no key of secrets that somebody could find by trying", () => {
  expect(StackKey.of("tracks.dev", ["hush", "correct horse battery staple"])).toBeUndefined();
});
