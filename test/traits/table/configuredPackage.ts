import { mkdtemp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "tar";
import type { SampleSite } from "../../e2e/sampleSite";

const name = "configured-1.0";

/**
 * Has the application require a package that runs a program of its own while it is built, as many with
 * C in them do.
 */
export async function addConfiguredPackage(site: SampleSite): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "tracks-configured-"));
  try {
    await mkdir(join(folder, name));
    for (const [file, text] of Object.entries(files)) {
      await writeFile(join(folder, name, file), text, { mode: 0o755 });
    }
    const archive = join(folder, `${name}.tar.gz`);
    await create({ cwd: folder, file: archive, gzip: true }, [name]);
    await site.write(`wheelhouse/${name}.tar.gz`, await readFile(archive));
    await site.edit(
      "requirements.txt",
      (text) => `--find-links wheelhouse\n${text}configured==1.0\n`,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

const files = {
  configure: "#!/bin/sh\necho 'ready = True' >configured.py\n",
  "setup.py": `import os, subprocess
from setuptools import setup

subprocess.check_call([os.path.join(os.path.dirname(os.path.abspath(__file__)), "configure")])
setup(name="configured", version="1.0", py_modules=["configured"])
`,
};
