import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ensurePython36, packagesForPython36, python36 } from "../../../../dev/toolchain/python36";

describe("the Python 3.6 of the host ring", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "tracks-python-"));
    vi.stubEnv("TRACKS_CACHE", join(folder, "cache"));
    vi.stubEnv("PATH", `${join(folder, "bin")}:/usr/bin:/bin`);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  const program = async (path: string, text: string): Promise<string> => {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `#!/bin/sh\n${text}\n`);
    await chmod(file, 0o755);
    return file;
  };
  const quiet = (): void => undefined;

  it("is pyenv's, else the one in the cache", async () => {
    const built = await program("cache/python-3.6.15/bin/python", "");
    expect(python36()).toBe(built);
    await program("bin/pyenv", `echo '${folder}/pyenv'`);
    expect(python36()).toBe(built);
    const own = await program("pyenv/versions/3.6.15/bin/python", "");
    expect(python36()).toBe(own);
  });

  it("needs nothing where it is there, else what builds it", async () => {
    expect([...packagesForPython36().keys()]).toContain("libssl-dev");
    await program("cache/python-3.6.15/bin/python", "");
    expect(packagesForPython36().size).toBe(0);
    await ensurePython36(quiet);
  });

  it("says how to get it where it is not there", () => {
    expect(python36).toThrow("this needs Python 3.6.15: run npm run test:host, which builds it");
  });

  it("says why it could not be built, and leaves nothing", async () => {
    await program("bin/git", "echo 'fatal: unable to access pyenv' >&2; exit 128");
    await expect(ensurePython36(quiet)).rejects.toThrow(
      /Python 3\.6\.15 could not be built: [^]*unable to access pyenv[^]*pyenv install 3\.6\.15/,
    );
    expect(python36).toThrow();
  });
});
