import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeOnce } from "../../../../dev/toolchain/once";

describe("makeOnce", () => {
  let folder: string;
  let path: string;
  const quiet = (): void => undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "tracks-once-"));
    path = join(folder, "made");
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("makes a thing once, however many ask at the same time", async () => {
    let made = 0;
    const progress: string[] = [];
    const ask = () =>
      makeOnce(
        path,
        (line) => progress.push(line),
        async (unfinished) => {
          made++;
          await sleep(500);
          await writeFile(unfinished, "content");
        },
      );
    await Promise.all([ask(), ask(), ask()]);
    expect(made).toBe(1);
    expect(await readFile(path, "utf8")).toBe("content");
    expect(progress).toContainEqual(expect.stringMatching(/^Waiting for another process/));
  });

  it("leaves nothing of a failed attempt, and tries again the next time", async () => {
    const failing = makeOnce(path, quiet, async (unfinished) => {
      await writeFile(unfinished, "half");
      throw new Error("broke off");
    });
    await expect(failing).rejects.toThrow("broke off");
    expect(existsSync(path)).toBe(false);
    await makeOnce(path, quiet, (unfinished) => writeFile(unfinished, "whole"));
    expect(await readFile(path, "utf8")).toBe("whole");
  });

  it("takes over from a process that was killed in the middle", async () => {
    const module = JSON.stringify(join(__dirname, "../../../../dev/toolchain/once"));
    const program = `
      const { writeFileSync } = require("node:fs");
      require(${module}).makeOnce(process.argv[1], () => {}, (unfinished) => {
        writeFileSync(unfinished, "half");
        console.log("half made");
        return new Promise((resolve) => setTimeout(resolve, 60_000));
      });`;
    const loader = join(__dirname, "../../../../commands/typescript.cjs");
    const maker = execa(process.execPath, ["--require", loader, "--eval", program, path], {
      reject: false,
    });
    await once(maker.stdout, "data");
    maker.kill("SIGKILL");
    await makeOnce(path, quiet, (unfinished) => writeFile(unfinished, "whole"));
    expect(await readFile(path, "utf8")).toBe("whole");
  });
});
