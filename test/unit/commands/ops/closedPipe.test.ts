import { join } from "node:path";
import { execa } from "execa";
import { expect, it } from "vitest";

const commands = join(__dirname, "../../../../commands");

/** Exit code and errors of a command whose output nobody reads. */
async function unread(command: string): Promise<string> {
  // The reader has closed the pipe when the command begins.
  const line = `{ sleep 1; ${command}; echo "exit $?" >&2; } | { exec <&-; sleep 2; }`;
  return (await execa("bash", ["-c", line], { cwd: commands })).stderr;
}

it.each(["--help", "completion bash"])("prints %s for nobody, and is done", async (words) => {
  expect(await unread(`node bootstrap.mjs commands/ops/cli.ts ${words}`)).toBe("exit 0");
});

it("leaves a program on the host that goes on printing for nobody", async () => {
  const program = `
    require("./typescript.cjs");
    const { PassThrough } = require("node:stream");
    const { outliveReaders } = require("./ops/closedPipe.ts");
    const { attach } = require("./ops/terminal.ts");
    outliveReaders();
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    const printing = setInterval(() => stdout.write("y\\n"), 10);
    attach({ stdin, stdout, stderr, ended: new Promise(() => undefined) }, undefined)
      .then((code) => { clearInterval(printing); process.exitCode = code; });`;
  expect(await unread(`node -e '${program}' </dev/null`)).toBe("exit 141");
});
