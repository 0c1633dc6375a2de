import { createHash } from "node:crypto";
import { link, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { cacheFolder } from "./cacheFolder";
import { makeOnce } from "./once";
import { plugins } from "./plugins";
import type { OnProgress } from "./progress";

/** Where the stand-ins of one state of their sources are installed. */
export interface StandIns {
  /** Has `pulumi-language-nodejs`, and the CLI beside it when one was given. */
  bin: string;
  /** A PULUMI_HOME whose plugins are the stand-in providers. */
  home: string;
}

/**
 * Bundles the stand-ins into one file each, which starts in a fraction of the time that loading
 * them from their packages takes, and installs them as the engine looks for them. Done once for
 * each content of those files and each CLI.
 *
 * @param cli a CLI that has no language host of its own
 */
export async function installStandIns(cli: string, onProgress: OnProgress): Promise<StandIns> {
  const bundles = await bundle();
  const digest = createHash("sha256").update(cli).update(process.execPath);
  for (const { name, text } of bundles) digest.update(name).update(text);
  const folder = join(cacheFolder(), "stand-ins", digest.digest("hex").slice(0, 16));
  await makeOnce(folder, onProgress, async (unfinished) => {
    for (const { name, text } of bundles) {
      await mkdir(unfinished, { recursive: true });
      await writeFile(join(unfinished, `${name}.cjs`), text);
    }
    const bin = join(unfinished, "bin");
    await mkdir(bin);
    // A hard link: the CLI looks for its language host beside the file that it was started from.
    await link(cli, join(bin, "pulumi"));
    await installScript(join(bin, "pulumi-language-nodejs"), join(folder, "language.cjs"));
    for (const { name, version } of plugins)
      await installScript(
        join(
          unfinished,
          "home",
          "plugins",
          `resource-${name}-v${version}`,
          `pulumi-resource-${name}`,
        ),
        join(folder, `${name}.cjs`),
      );
  });
  return { bin: join(folder, "bin"), home: join(folder, "home") };
}

async function bundle(): Promise<{ name: string; text: string }[]> {
  const sources = join(__dirname, "stand-ins");
  const { outputFiles } = await build({
    entryPoints: {
      language: join(sources, "languageHost.ts"),
      command: join(sources, "command", "main.ts"),
      random: join(sources, "random", "main.ts"),
    },
    outdir: cacheFolder(),
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    minify: true,
    // ssh2 does without its native helpers when they are not there.
    external: ["*.node", "cpu-features"],
    logLevel: "error",
    write: false,
  });
  return outputFiles.map(({ path, text }) => ({
    name: path.replace(/^.*\//, "").replace(/\.js$/, ""),
    text,
  }));
}

async function installScript(path: string, program: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const script = `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`;
  await writeFile(path, script, { mode: 0o755 });
}
