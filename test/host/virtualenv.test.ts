import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const program = join(__dirname, "../../host/script/python/virtualenv.py");

/** An interpreter whose package has no venv, as Python 2 and some distributions have it. */
describe("the virtualenv of an interpreter without venv", () => {
  let root: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), "tracks-virtualenv-"));
    for (const name of ["home", "release", "hidden"]) mkdirSync(join(root, name));
    writeFileSync(join(root, "hidden/ensurepip.py"), 'raise ImportError("not packaged")\n');
  });
  afterAll(() => {
    rmSync(root, { recursive: true, force: true });
  });

  const run = (verb: string, requirements: string) => {
    writeFileSync(join(root, "release/requirements.txt"), requirements);
    const words = [program, verb, join(root, "home/venvs"), "requirements.txt"];
    return spawnSync("python3", words, {
      cwd: join(root, "release"),
      encoding: "utf8",
      env: {
        ...process.env,
        // Where `pip install --user` goes; pip's own settings stay those of this machine.
        PYTHONUSERBASE: join(root, "home/.local"),
        PYTHONPATH: join(root, "hidden"),
        // Debian forbids what Enterprise Linux allows: packages of the user's own.
        PIP_BREAK_SYSTEM_PACKAGES: "1",
      },
    });
  };

  it("is made by virtualenv, which comes into the user's own site", () => {
    const { status, stdout, stderr } = run("build", "");
    expect(status, stderr).toBe(0);
    const name = /^built (\w{12})\n$/.exec(stdout)?.[1] ?? "";
    const python = join(root, "home/venvs", name, "bin/python");
    const where = spawnSync(python, ["-c", "import pip, sys; print(sys.prefix)"], {
      encoding: "utf8",
    });
    expect(where.stdout.trim()).toBe(join(root, "home/venvs", name));
    expect(readdirSync(join(root, "home/.local/lib"))).toHaveLength(1);
    expect(run("find", "").stdout).toBe(`present ${name}\n`);
  });

  it("is not there at all when its requirements can't be met", () => {
    const before = readdirSync(join(root, "home/venvs"));
    const { status, stderr } = run("build", "./no-such-package\n");
    expect(status).toBe(1);
    expect(stderr).toContain("no-such-package");
    expect(readdirSync(join(root, "home/venvs"))).toEqual(before);
  });
});
