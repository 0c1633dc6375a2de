import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { execa } from "execa";
import { expect, it } from "vitest";
import { whileHeard } from "../../../../commands/ops/whileHeard";
import { commandLine } from "../../../../host/ssh/commandLine";

/** What `manage`, `shell`, `dbshell`, `dumpdata` and `loaddata` run on the host without a terminal. */
function start(program: string, around: readonly string[] = []) {
  const [word = "", ...words] = [...around, ...whileHeard(["python3", "-c", program, "two words"])];
  return execa(word, words, { stdin: "pipe", reject: false });
}

it("is one that every login shell can start", () => {
  expect(() => commandLine(whileHeard(["python", "manage.py"]))).not.toThrow();
});

it("prints, reads and ends as it does by itself", async () => {
  const run = start(
    "import sys; print(sys.argv[1], sys.stdin.read()); print('error', file=sys.stderr); sys.exit(7)",
  );
  run.stdin.end("typed");
  expect(await run).toMatchObject({ exitCode: 7, stdout: "two words typed", stderr: "error" });
});

/** Has a program of its own, as dbshell has psql; tells the numbers of both. */
const family =
  "import os, subprocess as s; p = s.Popen(['sleep', '60']); print(os.getpid(), p.pid, flush=True); p.wait()";
/** One that has ended stays a zombie until its parent has seen it. */
const isRunning = async (pid: string) =>
  /\) [^Z]/.test(await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ""));
const running = (pids: string) => Promise.all(pids.split(" ").map(isRunning));

it("goes on at the end of its stdin, and ends with all that it started when nobody listens", async () => {
  const run = start(family);
  run.stdin.end();
  const [pids] = (await once(createInterface(run.stdout), "line")) as [string];
  expect(await running(pids)).toEqual([true, true]);
  run.stdout.destroy();
  expect((await run).exitCode).toBe(143);
  await expect.poll(() => running(pids)).toEqual([false, false]);
});

it("ends when it prints into a pipe that nobody reads any more", async () => {
  const { stdout } = await start(family, ["sh", "-c", '"$@" | head -n 1', "sh"]);
  await expect.poll(() => running(stdout)).toEqual([false, false]);
});
