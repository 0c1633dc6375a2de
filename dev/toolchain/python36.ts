import { accessSync, constants } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa, execaSync } from "execa";
import { cacheFolder } from "./cacheFolder";
import { makeOnce } from "./once";
import { type OnProgress, timed } from "./progress";

const version = "3.6.15";

/**
 * pyenv v2.8.1. Its python-build knows the digest of Python's archive, and brings the patches that today's compilers
 * need.
 */
const pyenv = {
  url: "https://github.com/pyenv/pyenv.git",
  commit: "bec9a562a59e48a730fe3320fe90c6999c82886c",
};

/** Debian packages that build it, each with a file that proves it. */
const BUILD_PACKAGES: ReadonlyMap<string, string> = new Map([
  ["git", "/usr/bin/git"],
  ["curl", "/usr/bin/curl"],
  ["ca-certificates", "/etc/ssl/certs/ca-certificates.crt"],
  ["build-essential", "/usr/bin/make"],
  ["libssl-dev", "/usr/include/openssl/ssl.h"],
  ["zlib1g-dev", "/usr/include/zlib.h"],
  ["libsqlite3-dev", "/usr/include/sqlite3.h"],
  ["libbz2-dev", "/usr/include/bzlib.h"],
  ["liblzma-dev", "/usr/include/lzma.h"],
  ["libffi-dev", "/usr/share/doc/libffi-dev"],
]);

/** Debian packages, each with a file that proves it, for {@link ensurePython36}; none where it has nothing to do. */
export function packagesForPython36(): ReadonlyMap<string, string> {
  return findPython36() === undefined ? BUILD_PACKAGES : new Map();
}

/**
 * Path of the Python of Enterprise Linux 8, which 7 has as package python36: pyenv's, else the one that
 * {@link ensurePython36} built.
 *
 * @throws Error where there is none
 */
export function python36(): string {
  const found = findPython36();
  if (found !== undefined) return found;
  throw new Error(`this needs Python ${version}: run npm run test:host, which builds it`);
}

/** Builds it with pyenv's python-build, where neither pyenv nor our cache has it. Takes minutes. */
export async function ensurePython36(onProgress: OnProgress): Promise<void> {
  if (findPython36() !== undefined) return;
  await mkdir(cacheFolder(), { recursive: true });
  await makeOnce(builtFolder(), onProgress, async (unfinished) => {
    const source = join(dirname(unfinished), "pyenv.unfinished");
    await rm(source, { recursive: true, force: true });
    try {
      await timed(`Building Python ${version}`, onProgress, () => build(source, unfinished));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(
        `Python ${version} could not be built: ${reason}\n` +
          `Run it again, or install pyenv and run: pyenv install ${version}`,
        { cause: error },
      );
    } finally {
      await rm(source, { recursive: true, force: true });
    }
  });
}

async function build(source: string, prefix: string): Promise<void> {
  await execa("git", ["init", "--quiet", source]);
  const git = execa({ cwd: source });
  await git("git", ["fetch", "--quiet", "--depth=1", pyenv.url, pyenv.commit]);
  await git("git", ["checkout", "--quiet", "FETCH_HEAD"]);
  await git("plugins/python-build/bin/python-build", [version, prefix]);
}

function findPython36(): string | undefined {
  const pyenvRoot = execaSync("pyenv", ["root"], { reject: false }).stdout;
  const folders = [pyenvRoot && join(pyenvRoot, "versions", version), builtFolder()];
  return folders.map((folder) => folder && join(folder, "bin/python")).find(isProgram);
}

function builtFolder(): string {
  return join(cacheFolder(), `python-${version}`);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
