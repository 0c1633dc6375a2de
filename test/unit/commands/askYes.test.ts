import { PassThrough } from "node:stream";
import { afterEach, expect, it, vi } from "vitest";
import { askYes } from "../../../commands/askYes";

afterEach(() => {
  vi.restoreAllMocks();
});

/** Somebody types at a terminal, or closes it. */
function ask(typed: string | undefined): Promise<boolean> {
  const terminal = { isTTY: true, setRawMode: () => undefined };
  const input = Object.assign(new PassThrough(), terminal);
  const output = Object.assign(new PassThrough(), terminal, { columns: 80 });
  vi.spyOn(process, "stdin", "get").mockReturnValue(input as unknown as typeof process.stdin);
  const answer = askYes("Go on? ", output);
  if (typed === undefined) input.end();
  else input.write(typed);
  return answer;
}

it.each(["yes\r", "YES \r"])("takes %j for an agreement", async (typed) => {
  expect(await ask(typed)).toBe(true);
});

it.each([
  ["another word", "y\r"],
  ["nothing", "\r"],
  ["Ctrl-C", "\u0003"],
  ["Ctrl-D", "\u0004"],
  ["a word without its end, and Ctrl-C", "yes\u0003"],
  ["the end of the terminal", undefined],
])("takes %s for a no", async (_, typed) => {
  expect(await ask(typed)).toBe(false);
});
