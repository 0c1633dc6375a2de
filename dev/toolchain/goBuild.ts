import { createHash } from "node:crypto";
import { cp, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { cacheFolder } from "./cacheFolder";
import { makeOnce } from "./once";
import { eachLine, type OnProgress, timed } from "./progress";

/** Program that is built from Go modules. */
export interface GoTool {
  /** As a person calls it, such as `the Pulumi CLI`. */
  readonly title: string;
  readonly version: string;
  /** Folder that has its go.mod and go.sum. */
  readonly modules: string;
  /** Path by which Go imports it. */
  readonly program: string;
  /** Path below the cache folder; version and digest of the modules are added. */
  readonly output: string;
  /** For Go's linker, in addition to those that leave the symbols out. @default none */
  readonly linkerFlags?: string;
  /** What to do where it can't be built, as a part of a sentence. */
  readonly otherwise: string;
}

/** Seconds between two progress lines of a build. */
const pause = 15;

/**
 * Builds a program from its Go modules, once for each go.mod and go.sum, and returns its path.
 *
 * Go's module and build caches are in our cache folder too, and are removed after the build: only another
 * build would use them (2.5 GB for Pulumi).
 */
export async function buildFromModules(tool: GoTool, onProgress: OnProgress): Promise<string> {
  const { title, version, otherwise, modules, output } = tool;
  const sources = await Promise.all(
    ["go.mod", "go.sum"].map((file) => readFile(join(modules, file))),
  );
  const digest = createHash("sha256").update(Buffer.concat(sources)).digest("hex").slice(0, 12);
  const path = join(cacheFolder(), `${output}-${version}-${digest}`);
  await makeOnce(path, onProgress, async (unfinished) => {
    if (!(await hasGo())) {
      throw new Error(
        `Go was not found on PATH, which builds ${title} ${version}: install Go 1.21 or newer, or ${otherwise}`,
      );
    }
    try {
      await build(tool, unfinished, onProgress);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(
        `${title} ${version} could not be built from source: ${reason}\n` +
          `Run it again (what was downloaded is kept), or ${otherwise}.`,
        { cause: error },
      );
    }
  });
  return path;
}

/** Whether this machine has Go, which builds such a program. */
async function hasGo(): Promise<boolean> {
  return !(await execa("go", ["version"], { reject: false })).failed;
}

/** Writes the program to `output`. */
async function build(tool: GoTool, output: string, onProgress: OnProgress): Promise<void> {
  const { title, version, modules, program, linkerFlags = "" } = tool;
  const name = `${title} ${version}`;
  const work = `${output}.go`;
  const sourceFolder = join(work, "tools");
  await mkdir(sourceFolder, { recursive: true });
  // Built outside the repository, so that a Go workspace or vendor folder around that has no effect.
  for (const file of ["go.mod", "go.sum"]) await cp(join(modules, file), join(sourceFolder, file));
  const inSources = execa({
    cwd: sourceFolder,
    env: {
      GOMODCACHE: join(work, "modules"),
      GOCACHE: join(work, "build"),
      GOFLAGS: "-modcacherw -mod=readonly",
      GOWORK: "off",
      CGO_ENABLED: "0",
    },
  });
  await timed(`Downloading the Go modules of ${name}`, onProgress, () =>
    inSources("go", ["mod", "download"]),
  );
  await timed(`Building ${name}`, onProgress, async () => {
    const { stdout } = await inSources("go", ["list", "-deps", program]);
    const total = stdout.split("\n").length;
    let compiled = 0;
    let reported = performance.now();
    const stderr = eachLine(() => {
      compiled++;
      if (performance.now() - reported < pause * 1000) return;
      reported = performance.now();
      onProgress(`Building ${name}: ${compiled} of ${total} packages`);
    });
    const flags = ["-v", "-ldflags", `-s -w ${linkerFlags}`, "-o", output];
    await inSources("go", ["build", ...flags, program], { stderr });
  });
  await rm(work, { recursive: true, force: true });
}
