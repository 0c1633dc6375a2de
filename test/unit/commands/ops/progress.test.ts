import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterEach, expect, it, vi } from "vitest";
import { Progress } from "../../../../commands/ops/progress";

const isTerminal = process.stderr.isTTY;
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  process.stderr.isTTY = isTerminal;
});

it("leaves a line of its own to what is said next, on a terminal", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  process.stderr.isTTY = true;
  const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const progress = new Progress("received");
  vi.advanceTimersByTime(2000);
  await pipeline(["owls"], progress, new PassThrough().resume());
  expect(said.mock.calls.map(([text]) => text).join("")).toBe("\rreceived 4 bytes \n");
});
