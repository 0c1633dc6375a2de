import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import { run, tryRun } from "../../../dev/toolchain/run";

describe("a program that is run", () => {
  it("gets input and folder, and is heard line by line", async () => {
    const lines: string[] = [];
    const errorLines: string[] = [];
    const result = await run("sh", ["-c", "cat; pwd; echo aside >&2"], {
      input: "given\n",
      cwd: tmpdir(),
      onLine: (line) => lines.push(line),
      onErrorLine: (line) => errorLines.push(line),
    });
    expect(lines).toEqual(["given", tmpdir()]);
    expect(errorLines).toEqual(["aside"]);
    expect(result).toMatchObject({ exitCode: 0, stdout: `given\n${tmpdir()}\n` });
  });

  it("is a result when it fails, is ended, takes too long or is not there", async () => {
    const sh = (script: string) => tryRun("sh", ["-c", script], { timeoutMs: 300 });
    expect(await sh("echo why >&2; exit 3")).toMatchObject({ exitCode: 3, stderr: "why\n" });
    expect(await sh("kill -INT $$")).toMatchObject({ exitCode: 130, timedOut: false });
    expect(await sh("exec sleep 60")).toMatchObject({ exitCode: 137, timedOut: true });
    const absent = await tryRun("tracks-no-such-program", []);
    expect(absent.exitCode).toBe(127);
    expect(absent.stderr).toContain("tracks-no-such-program");
  });

  it("says what it was and what it said when it had to succeed", async () => {
    await expect(run("sh", ["-c", "echo why >&2; exit 3"])).rejects.toThrow(
      "sh -c echo why >&2; exit 3 failed (3): why",
    );
  });
});
