import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nameOnHost, pathOfBackup, whenReceived } from "../../../../commands/ops/data";
import { commandLine } from "../../../../host/ssh/commandLine";

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

  it("leaves nothing when it ends because nobody listens any more", async () => {
    const run = start(3, "echo $$; kill -TERM $$");
    run.stdin.write("abc");
    expect((await run).exitCode).toBe(143);
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
