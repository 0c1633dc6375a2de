import { execFileSync } from "node:child_process";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { inspectSource } from "../../../source/inspectSource";

const sample = join(__dirname, "../../../sample/tracks");
const layout = {
  settingsModule: "tracks.settings",
  wsgi: "tracks/wsgi.py",
  requirementsFile: "requirements.txt",
};

const needs = { postgresql: true, extra: [] };

describe("inspectSource", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "tracks-inspection-"));
    await cp(sample, folder, { recursive: true });
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("finds nothing to say about the sample", async () => {
    expect(await inspectSource(sample, layout, needs)).toEqual([]);
  });

  it("doesn't count what git keeps from being packed", async () => {
    execFileSync("git", ["init", "--quiet", folder]);
    await writeFile(join(folder, ".gitignore"), "requirements.txt\n");
    expect(await inspectSource(folder, layout, needs)).toEqual([
      expect.objectContaining({ severity: "fault", path: "requirements.txt" }),
    ]);
  });

  it("refuses a folder that doesn't exist", async () => {
    await expect(inspectSource(join(folder, "none"), layout, needs)).rejects.toThrow(
      /no such folder/,
    );
  });
});
