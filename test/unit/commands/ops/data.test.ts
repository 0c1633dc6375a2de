import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nameOnHost, pathOfBackup, whenReceived, whileHeard } from "../../../../commands/ops/data";
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

/** What loaddata runs on the host around manage.py. */
describe("a program that loads a file from its stdin", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tracks-test-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function start(size: number, program: string) {
    const words = whenReceived(folder, "data.json", size, ["sh", "-c", program, "manage.py"]);
    expect(() => commandLine(words)).not.toThrow();
    return execa(words[0] ?? "", words.slice(1), { stdin: "pipe", reject: false });
  }

  it("gets the whole file under its name, and leaves nothing", async () => {
    const run = start(5, 'cat "$1"; echo " in $1"; exit 7');
    run.stdin.write("a\nb\nc");
    expect(await run).toMatchObject({
      exitCode: 7,
      stdout: expect.stringMatching(/^a\nb\nc in \S+\/data\.json$/) as string,
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("does not begin with a part of the file", async () => {
    const run = start(5, "echo begun");
    run.stdin.end("a\nb");
    expect(await run).toMatchObject({
      ...{ exitCode: 1, stdout: "", stderr: "the file did not arrive whole" },
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("ends when nobody listens any more, and leaves nothing", async () => {
    const run = start(3, "echo $$; exec sleep 60");
    run.stdin.write("abc");
    for await (const line of run) {
      run.stdin.end();
      expect((await run).exitCode).toBe(143);
      expect(() => process.kill(Number(line), 0)).toThrow("ESRCH");
    }
    expect(readdirSync(folder)).toEqual([]);
  });
});

it.each([
  ["/x/production.json", "data.json"],
  ["Old.XML", "data.xml"],
])("takes %s, whose ending Django knows", (path, name) => {
  expect(nameOnHost(path)).toBe(name);
});

it.each(["production", "/x/all.json.gz", "site.sql"])(
  "refuses %s before anything is done",
  (path) => {
    expect(() => nameOnHost(path)).toThrow(
      /^Django can't tell what is in .*\n.*\n +allowed: \.json,/,
    );
  },
);

it("loads nothing unless the host names the backup", () => {
  expect(pathOfBackup("Nothing was loaded", "backup /srv/a b.dump\n")).toBe("/srv/a b.dump");
  for (const answer of ["unknown mysql\n", "none\n", "backup \n", "backup /srv/half", ""]) {
    expect(() => pathOfBackup("Nothing was loaded", answer)).toThrow(/^Nothing was loaded\n/);
  }
});
