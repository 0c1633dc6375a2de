import { createHash } from "node:crypto";
import { cp, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { cacheFolder } from "./cacheFolder";
import { makeOnce } from "./once";
import { eachLine, type OnProgress, timed } from "./progress";

/** Version of the CLI that go.mod builds. */
export const builtVersion = "3.220.0";
const cli = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";
const stamp = `github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${builtVersion}`;
const installation = "install Pulumi (https://www.pulumi.com/docs/install/)";
/** Seconds between two progress lines of a build. */
const pause = 15;

/**
 * Builds the Pulumi CLI from its Go modules, once for each go.mod and go.sum, and returns its path.
 *
 * Go's module and build caches are in our cache folder too, and are removed after the build: only another
 * build would use these 2.5 GB.
 */
export async function buildCli(onProgress: OnProgress): Promise<string> {
  const sources = await Promise.all(
    ["go.mod", "go.sum"].map((file) => readFile(join(__dirname, file))),
  );
  const digest = createHash("sha256").update(Buffer.concat(sources)).digest("hex").slice(0, 12);
  const path = join(cacheFolder(), "cli", `pulumi-${builtVersion}-${digest}`);
  await makeOnce(path, onProgress, async (unfinished) => {
    await requireGo();
    try {
      await build(unfinished, onProgress);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(
        `the Pulumi CLI ${builtVersion} could not be built from source: ${reason}\n` +
          `Run it again (what was downloaded is kept), or ${installation}.`,
        { cause: error },
      );
    }
  });
  return path;
}

/** Writes the CLI to `output`. */
async function build(output: string, onProgress: OnProgress): Promise<void> {
  const work = `${output}.go`;
  const sourceFolder = join(work, "tools");
  await mkdir(sourceFolder, { recursive: true });
  // Built outside the repository, so that a Go workspace or vendor folder around that has no effect.
  for (const file of ["go.mod", "go.sum"])
    await cp(join(__dirname, file), join(sourceFolder, file));
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
  await timed(`Downloading the Go modules of Pulumi ${builtVersion}`, onProgress, () =>
    inSources("go", ["mod", "download"]),
  );
  await timed(`Building Pulumi ${builtVersion}`, onProgress, async () => {
    const { stdout } = await inSources("go", ["list", "-deps", cli]);
    const total = stdout.split("\n").length;
    let compiled = 0;
    let reported = performance.now();
    const stderr = eachLine(() => {
      compiled++;
      if (performance.now() - reported < pause * 1000) return;
      reported = performance.now();
      onProgress(`Building Pulumi ${builtVersion}: ${compiled} of ${total} packages`);
    });
    const flags = ["-v", "-ldflags", `-s -w -X ${stamp}`, "-o", output];
    await inSources("go", ["build", ...flags, cli], { stderr });
  });
  await rm(work, { recursive: true, force: true });
}

async function requireGo(): Promise<void> {
  if (!(await execa("go", ["version"], { reject: false })).failed) return;
  throw new Error(
    `neither the Pulumi CLI ${builtVersion} or newer nor Go was found on PATH: ${installation}, ` +
      "or Go 1.21 or newer to have the CLI built here",
  );
}
