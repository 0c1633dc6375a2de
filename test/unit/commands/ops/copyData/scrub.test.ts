import { Command } from "commander";
import { expect, it, vi } from "vitest";
import { addCopyData } from "../../../../../commands/ops/copyData/command";
import { addModel, addRule } from "../../../../../commands/ops/copyData/scrub";

it.each([
  ["auth.user.email=", ["auth.user.email", ""]],
  [
    "roasted.target.url=https://example.org/?a=b",
    ["roasted.target.url", "https://example.org/?a=b"],
  ],
  ["auth.User.first_name=two words\nand a line", ["auth.User.first_name", "two words\nand a line"]],
])("reads %j as a field and what is in it", (text, rule) => {
  expect(addRule(text)).toEqual([rule]);
  expect(addRule(text, [["a.b.c", "x"]])).toEqual([["a.b.c", "x"], rule]);
});

it.each(["auth.user.email", "user.email=", "a.b.c.d=", "a.b.c-d=x", "=x"])(
  "refuses %j, and says how a field is written",
  (text) => {
    expect(() => addRule(text)).toThrow(/^Write APP\.MODEL\.FIELD=VALUE, such as /);
  },
);

it("reads models to leave out", () => {
  expect(addModel("admin.LogEntry", ["a.b"])).toEqual(["a.b", "admin.logentry"]);
  expect(() => addModel("admin")).toThrow("Write APP.MODEL, such as admin.logentry.");
});

it("keeps what --scrub names where --no-scrub leaves the default list out, in either order", () => {
  for (const words of [
    ["--scrub", "a.b.c=x", "--no-scrub"],
    ["--no-scrub", "--scrub", "a.b.c=x"],
  ]) {
    const program = new Command().exitOverride();
    addCopyData(program);
    const command = program.commands[0];
    const action = vi.fn();
    command?.action(action);
    program.parse(["copy-data", "production", "dev", ...words], { from: "user" });
    expect(command?.opts()).toEqual({ scrub: false, rules: [["a.b.c", "x"]] });
  }
});
