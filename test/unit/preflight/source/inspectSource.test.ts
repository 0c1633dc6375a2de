import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execaSync } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { problemText } from "../../../../host/problem";
import { inspectSource } from "../../../../preflight/source/inspectSource";
import { openFiles, secretNames } from "../../../secretNames";

const sample = join(__dirname, "../../../../dev/sample/tracks");
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

  it("finds no problem in the sample", async () => {
    expect(await inspectSource(sample, layout, needs)).toEqual([]);
  });

  it("ignores files that git keeps out of the archive", async () => {
    execaSync("git", ["init", "--quiet", folder]);
    await writeFile(join(folder, ".gitignore"), "requirements.txt\n");
    expect(await inspectSource(folder, layout, needs)).toEqual([
      expect.objectContaining({ severity: "error", subject: "requirements.txt" }),
    ]);
  });

  it("names files that look like a secret, and none that everybody may read", async () => {
    const secret = Object.fromEntries(secretNames.map((path) => [path, "x"]));
    for (const [path, content] of Object.entries({ ...secret, ...openFiles })) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    const found = (await inspectSource(folder, layout, needs)).filter(({ found }) =>
      found?.includes("looks like a secret"),
    );
    expect(found.map(({ subject }) => subject).sort()).toEqual([...secretNames].sort());
    expect(found.map(({ severity }) => severity)).not.toContain("error");
  });

  it("says what .gitignore leaves out where there is no repository", async () => {
    await writeFile(join(folder, ".gitignore"), "/venv/\n.env\n__pycache__/\n*.pyc\n");
    await mkdir(join(folder, "venv"));
    await mkdir(join(folder, "__pycache__"));
    await writeFile(join(folder, "__pycache__/urls.cpython-39.pyc"), "");
    await writeFile(join(folder, "urls.pyc"), "");
    await writeFile(join(folder, "venv/pyvenv.cfg"), "");
    await writeFile(join(folder, ".env"), "");
    const warned = async (): Promise<string[]> =>
      (await inspectSource(folder, layout, needs)).map(problemText);
    expect(await warned()).toEqual([
      expect.stringMatching(/^\.gitignore\n.*leave out \.env, venv\/\n[^]*Without \.git/),
    ]);
    execaSync("git", ["init", "--quiet", folder]);
    expect(await warned()).toEqual([]);
  });

  it("shows a name with a line break on one line", async () => {
    await mkdir(join(folder, "a\nb"));
    await writeFile(join(folder, "a\nb/.env"), "");
    const [found] = await inspectSource(folder, layout, needs);
    expect(found && problemText(found)).toMatch(/^"a\\nb\/\.env"\n.*looks like a secret/);
  });

  it("refuses a folder that doesn't exist", async () => {
    await expect(inspectSource(join(folder, "none"), layout, needs)).rejects.toThrow(
      /no such folder/,
    );
  });
});
