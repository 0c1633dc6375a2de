import { createHash } from "node:crypto";
import { link, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { cacheFolder } from "./cacheFolder";
import { makeOnce } from "./once";
import { plugins } from "./plugins";
import type { OnProgress } from "./progress";

const folderVariable = "TRACKS_STAND_INS";
const languageHost = "pulumi-language-nodejs";

/** Folders in which the stand-ins of one state of their sources are installed. */
export interface StandIns {
  /** Has the CLI and `pulumi-language-nodejs`. */
  bin: string;
  /** A PULUMI_HOME whose plugins are the stand-in providers. */
  home: string;
  /** Variable that tells the plugins in that PULUMI_HOME which stand-ins to run. */
  env: Record<string, string>;
}

/**
 * Bundles each stand-in into one file, which starts much faster than from its packages, and installs it
 * where the engine looks for it. Done once for each content of those files and each CLI.
 *
 * All share one PULUMI_HOME, since that also has the selected stack.
 *
 * @param cli a CLI without a language host
 */
export async function installStandIns(cli: string, onProgress: OnProgress): Promise<StandIns> {
  const bundles = await bundle();
  const digest = createHash("sha256").update(cli).update(process.execPath);
  for (const { name, text } of bundles) digest.update(name).update(text);
  const folder = join(cacheFolder(), "stand-ins", digest.digest("hex").slice(0, 16));
  const bin = join(folder, "bin");
  await makeOnce(folder, onProgress, async (unfinished) => {
    await mkdir(join(unfinished, "bin"), { recursive: true });
    for (const { name, text } of bundles) {
      await writeFile(join(unfinished, `${name}.cjs`), text);
      const command = `'${process.execPath}' '${join(folder, name)}.cjs'`;
      await writeScript(join(unfinished, name), command);
    }
    // The CLI looks for its language host next to the file that it was started from: hence a hard link.
    // The plugins are elsewhere, since the CLI would warn about plugins there.
    await link(cli, join(unfinished, "bin", "pulumi"));
    await rename(join(unfinished, languageHost), join(unfinished, "bin", languageHost));
  });
  const home = join(cacheFolder(), "stand-ins-home");
  // Each plugin separately: the folder stays, and a later version of the project may need more of them.
  for (const { name, version } of plugins) {
    const plugin = join(home, "plugins", `resource-${name}-v${version}`);
    await makeOnce(plugin, onProgress, async (unfinished) => {
      await mkdir(unfinished, { recursive: true });
      const executable = `pulumi-resource-${name}`;
      await writeScript(join(unfinished, executable), `"\${${folderVariable}:?}/${executable}"`);
    });
  }
  return { bin, home, env: { [folderVariable]: folder } };
}

async function bundle(): Promise<{ name: string; text: string }[]> {
  const sources = join(__dirname, "../stand-ins");
  const { outputFiles } = await build({
    entryPoints: {
      [languageHost]: join(sources, "languageHost.ts"),
      "pulumi-resource-command": join(sources, "command", "main.ts"),
      "pulumi-resource-postgresql": join(sources, "postgresql", "main.ts"),
      "pulumi-resource-random": join(sources, "random", "main.ts"),
    },
    outdir: cacheFolder(),
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    minify: true,
    // ssh2 and pg work without their native helpers.
    external: ["*.node", "cpu-features", "pg-native"],
    logLevel: "error",
    write: false,
  });
  return outputFiles.map(({ path, text }) => ({
    name: path.replace(/^.*\//, "").replace(/\.js$/, ""),
    text,
  }));
}

async function writeScript(path: string, command: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
}
