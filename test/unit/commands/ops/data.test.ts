import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { whileHeard } from "../../../../commands/ops/data";
import { commandLine } from "../../../../host/ssh/commandLine";

/** What dumpdata runs on the host around manage.py. */
describe("a program that runs while somebody listens", () => {
  it("is one that every login shell can start", () => {
    expect(() => commandLine(whileHeard(["manage.py"]))).not.toThrow();
  });

  it.each(["sh", "bash --posix"])("prints and ends as it does by itself, in %s", async (shell) => {
    const [, ...rest] = whileHeard(["sh", "-c", 'echo "$0"; echo error >&2; exit 7', "two words"]);
    const [program = "", ...options] = shell.split(" ");
    const run = execa(program, [...options, ...rest], { stdin: "pipe", reject: false });
    expect(await run).toMatchObject({ exitCode: 7, stdout: "two words", stderr: "error" });
  });

  it.each(["sh", "bash --posix"])("ends when nobody listens any more, in %s", async (shell) => {
    const [, ...rest] = whileHeard(["sh", "-c", "echo $$; exec sleep 60"]);
    const [program = "", ...options] = shell.split(" ");
    const run = execa(program, [...options, ...rest], { stdin: "pipe", reject: false });
    for await (const line of run) {
      const pid = Number(line);
      expect(() => process.kill(pid, 0)).not.toThrow();
      run.stdin.end();
      expect((await run).exitCode).toBe(143);
      expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    }
  });
});
