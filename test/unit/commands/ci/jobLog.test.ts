import { expect, it } from "vitest";
import { JobLog } from "../../../../commands/ci/jobLog";
import { maskOf } from "../../../../commands/ci/mask";

/** What the log has after these pieces of output. */
function logOf(...pieces: string[]): string {
  let text = "";
  const log = new JobLog(maskOf(["hunter2"]), (more) => (text += more));
  for (const piece of pieces) log.take(piece);
  log.end();
  return text;
}

it("has no secret, also where one comes in two pieces", () => {
  expect(logOf("a hun", "ter2\nb ", "hunter2")).toBe("a [secret]\nb [secret]");
});

it("prints each line as soon as it is whole", () => {
  const printed: string[] = [];
  const log = new JobLog(maskOf([]), (text) => printed.push(text));
  log.take("one\ntw");
  expect(printed).toEqual(["one\n"]);
});

it("has no line that GitHub's runner takes for a command", () => {
  expect(logOf("a ::b::\n::set-output name=plan::x\n  ::add-mask::y\r::stop-commands::z\n")).toBe(
    "a ::b::\n: :set-output name=plan::x\n  : :add-mask::y\r: :stop-commands::z\n",
  );
  expect(logOf("\u0085 \u0085::add-mask::y\n")).toBe("\u0085 \u0085: :add-mask::y\n");
  expect(logOf("+ a ##[set-output name=plan]x")).toBe("+ a ## [set-output name=plan]x");
});
