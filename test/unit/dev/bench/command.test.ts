import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runTimed } from "../../../../dev/bench/command";

let folder: string;
let log: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "command-"));
  log = join(folder, "log");
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test("a failing command is a result with its time, and the log has all that it printed", async () => {
  const run = await runTimed("bash", ["-c", "echo out; echo err >&2; sleep 0.2; exit 3"], { log });
  expect(run.exitCode).toBe(3);
  expect(run.output.split("\n").sort()).toEqual(["err", "out"]);
  expect(run.seconds).toBeGreaterThan(0.2);
  expect(await readFile(log, "utf8")).toMatch(/^\n\$ bash -c [^]*\(exit code 3 after/);
});

test("an interrupted command ends together with what it started", async () => {
  const interrupted = new AbortController();
  const pidFile = join(folder, "pid");
  const run = runTimed("bash", ["-c", `sleep 60 & echo $! >${pidFile}; cat | sleep 60; wait`], {
    log,
    signal: interrupted.signal,
  });
  const ended = expect(run).rejects.toThrow("interrupted");
  await sleep(500);
  const child = Number(await readFile(pidFile, "utf8"));
  interrupted.abort(new Error("interrupted"));
  await ended;
  await expect.poll(() => isAlive(child), { timeout: 15_000 }).toBe(false);
}, 20_000);

test("a command that isn't there is an error that names it", async () => {
  await expect(runTimed("no-such-program", [], { log })).rejects.toThrow("no-such-program");
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
