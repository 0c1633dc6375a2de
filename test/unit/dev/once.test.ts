import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeOnce } from "../../../dev/toolchain/once";

describe("makeOnce", () => {
  let folder: string;
  let path: string;
  const quiet = (): void => undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "tracks-once-"));
    path = join(folder, "made");
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("makes it once, however many ask at the same time", async () => {
    let made = 0;
    const progress: string[] = [];
    const ask = () =>
      makeOnce(
        path,
        (line) => progress.push(line),
        async (unfinished) => {
          made++;
          await sleep(50);
          await writeFile(unfinished, "content");
        },
      );
    await Promise.all([ask(), ask(), ask()]);
    expect(made).toBe(1);
    expect(await readFile(path, "utf8")).toBe("content");
    expect(progress).toContainEqual(expect.stringMatching(/^Waiting for another process/));
  });

  it("shows nothing of a making that failed, and makes it the next time", async () => {
    const failing = makeOnce(path, quiet, async (unfinished) => {
      await writeFile(unfinished, "half");
      throw new Error("broke off");
    });
    await expect(failing).rejects.toThrow("broke off");
    expect(existsSync(path)).toBe(false);
    await makeOnce(path, quiet, (unfinished) => writeFile(unfinished, "whole"));
    expect(await readFile(path, "utf8")).toBe("whole");
  });

  it("takes over from a holder that died", async () => {
    // The greatest process id that Linux can give is 4194304.
    await writeFile(`${path}.lock`, "4194305");
    await makeOnce(path, quiet, (unfinished) => writeFile(unfinished, "whole"));
    expect(await readFile(path, "utf8")).toBe("whole");
    expect(existsSync(`${path}.lock`)).toBe(false);
  });
});
