import { PassThrough } from "node:stream";
import { afterEach, beforeEach, expect, it, type MockInstance, vi } from "vitest";
import { show } from "../../../../commands/ops/logs";
import { HostError } from "../../../../host/ssh/error";

let printed: MockInstance<typeof console.log>;
beforeEach(() => {
  printed = vi.spyOn(console, "log").mockReturnValue();
});
afterEach(() => {
  printed.mockRestore();
});

/** The host's `follow`, which says these lines, and ends. */
function shown(lines: readonly string[], ended: Promise<number | undefined>, reason = "") {
  const streams = {
    ...{ stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() },
  };
  streams.stdout.end(lines.map((line) => `${line}\n`).join(""));
  streams.stderr.end(reason);
  return show({ close: () => undefined }, { ...streams, ended }, {}, "192.0.2.1");
}

const past = ["zone\t+0000", "/var/log/uwsgi.log\tone"];
const whole = [...past, "live\t"];

it("prints all lines of a host that has said them all", async () => {
  await shown([...whole, "/var/log/uwsgi.log\ttwo"], Promise.resolve(0));
  expect(printed.mock.calls.map(([line]) => String(line).split(/ +/)[1])).toEqual(["one", "two"]);
});

it.each<[what: string, lines: readonly string[], code: number | undefined, reason: string]>([
  ["fails", past, 1, "/var/log can't be read"],
  ["fails later", whole, 1, "tail can't be run"],
  ["is killed", whole, undefined, "The host's answer is cut off."],
  ["ends before it has said them all", past, 0, "The host's answer is cut off."],
])("is an error where the host %s", async (_, lines, code, reason) => {
  const said = reason.includes("cut off") ? "" : reason;
  await expect(shown(lines, Promise.resolve(code), said)).rejects.toThrow(
    `These are not all lines of the logs on 192.0.2.1\n  reason:  ${reason}`,
  );
});

it("is an error where the connection is lost", async () => {
  const lost = new HostError("unreachable", { subject: "The host closed the connection" });
  await expect(shown(whole, Promise.reject(lost))).rejects.toBe(lost);
});
