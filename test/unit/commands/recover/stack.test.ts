import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { findStack, whileSelected } from "../../../../commands/recover/stack";

/** A `pulumi` that finds the checkpoint torn a given number of times, and then tells the stack. */
function pulumiThatFindsTorn(times: number, asked: string, words = "EOF"): string {
  return `#!/bin/sh
case "$1 $2" in
  version*) echo v3.220.0 ;;
  whoami*) echo '{"url": "file:///state"}' ;;
  config*) echo '{"tracks:host": {"value": "lab"}, "tracks:deployerPassword": {"value": "x", "secret": true}}' ;;
  "stack select") echo "$4" >>${asked}.selected ;;
  "stack ls")
    echo asked >>${asked}
    if [ "$(wc -l <${asked})" -le ${times} ]; then
      echo 'error: ${words}' >&2
      exit 255
    fi
    echo '[{"name": "dev", "current": false}, {"name": "production", "current": true}]'
    ;;
esac
`;
}

describe("the stack that is recovered", () => {
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

  it.each(["EOF", "failed to load checkpoint: EOF"])(
    "is asked for again while an engine writes its checkpoint: %s",
    async (words) => {
      await install(pulumiThatFindsTorn(2, join(folder, "asked"), words));
      const { source, ...stack } = await findStack(undefined);
      expect(stack).toMatchObject({
        project: "tracks",
        name: "production",
        backendUrl: "file:///state",
        selected: "production",
      });
      expect(source.settings).toEqual({ "tracks:host": "lab", "tracks:deployerPassword": "x" });
      expect([...source.secretNames]).toEqual(["tracks:deployerPassword"]);
    },
  );

  it("is given up when its checkpoint stays incomplete, and the error says what to delete", async () => {
    const asked = join(folder, "asked");
    await install(pulumiThatFindsTorn(1000, asked));
    await expect(findStack(undefined)).rejects.toThrow(
      /can't read a stack's checkpoint: EOF\n.*delete the empty file .*\.json\.attrs/,
    );
    const tries = (await readFile(asked, "utf8")).trim().split("\n");
    expect(tries.length).toBeGreaterThan(1);
  });

  it("keeps the organization that it was named with, which the host does not know", async () => {
    const asked = join(folder, "asked");
    await install(pulumiThatFindsTorn(0, asked));
    const stack = await findStack("acme/dev");
    expect(stack.source.stack).toBe("dev");
    await whileSelected(stack, async ({ name }) => {
      expect(name).toBe("acme/dev");
      return Promise.resolve();
    });
    expect(await readFile(`${asked}.selected`, "utf8")).toBe("acme/dev\nproduction\n");
  });

  it("is asked for where none is named or selected", async () => {
    await install(
      pulumiThatFindsTorn(0, join(folder, "asked")).replace('"current": true', '"current": false'),
    );
    await expect(findStack(undefined)).rejects.toThrow(
      /^No stack is selected\n {2}fix: +add --stack NAME to the command\n +or pulumi stack select NAME$/,
    );
  });

  it("leaves the stack selected that was selected before, also after a failure", async () => {
    const asked = join(folder, "asked");
    await install(pulumiThatFindsTorn(0, asked));
    const work = () => Promise.reject(new Error("no"));
    await expect(whileSelected(await findStack("dev"), work)).rejects.toThrow("no");
    expect(await readFile(`${asked}.selected`, "utf8")).toBe("dev\nproduction\n");
  });
});
