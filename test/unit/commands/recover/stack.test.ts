import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { findStack } from "../../../../commands/recover/stack";

/** A `pulumi` that finds the checkpoint torn a given number of times, and then tells the stack. */
function pulumiThatFindsTorn(times: number, asked: string): string {
  return `#!/bin/sh
case $1 in
  whoami) echo '{"url": "file:///state"}' ;;
  stack)
    echo asked >>${asked}
    if [ "$(wc -l <${asked})" -le ${times} ]; then
      echo 'error: failed to load checkpoint: EOF' >&2
      exit 255
    fi
    echo production
    ;;
esac
`;
}

describe("finding the stack while an engine writes its checkpoint", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "tracks-stack-"));
    vi.stubEnv("PATH", `${folder}:${process.env["PATH"] ?? ""}`);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  async function install(script: string): Promise<void> {
    await writeFile(join(folder, "pulumi"), script);
    await chmod(join(folder, "pulumi"), 0o755);
  }

  it("asks again when the checkpoint was torn", async () => {
    await install(pulumiThatFindsTorn(2, join(folder, "asked")));
    const stack = await findStack(undefined);
    expect(stack).toEqual({ project: "tracks", name: "production", backendUrl: "file:///state" });
  });

  it("gives up when it stays torn, and says what to delete", async () => {
    const asked = join(folder, "asked");
    await install(pulumiThatFindsTorn(1000, asked));
    await expect(findStack(undefined)).rejects.toThrow(
      /failed to load checkpoint: EOF\n.*delete the empty file .*\.json\.attrs/,
    );
    const tries = (await readFile(asked, "utf8")).trim().split("\n");
    expect(tries.length).toBeGreaterThan(1);
  });
});
