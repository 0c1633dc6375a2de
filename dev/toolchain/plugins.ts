import { join } from "node:path";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { execa } from "execa";
import { cacheFolder } from "./cacheFolder";
import { type OnProgress, timed } from "./progress";

/** Provider plugins of this project, in the versions of the SDKs in package.json. */
export const plugins = [
  { name: "command", version: "1.2.1" },
  { name: "postgresql", version: "3.18.1" },
  { name: "random", version: "4.21.2" },
] as const;
/** Seconds that one download may take: the largest plugin is some 15 MB. */
const patience = 60;
/** Hours for which a failed download isn't tried again. */
const memory = 24;

/**
 * Makes the CLI download the plugins into a separate PULUMI_HOME.
 *
 * Tries once: the file `plugins-not-served` in the cache folder records a failure, for a day.
 *
 * @returns that PULUMI_HOME, or undefined when the plugins can't be downloaded
 */
export async function downloadPlugins(
  cli: string,
  onProgress: OnProgress,
): Promise<string | undefined> {
  const home = join(cacheFolder(), "pulumi-home");
  const refusal = join(cacheFolder(), "plugins-not-served");
  const missing = [];
  for (const plugin of plugins) if (!(await isInstalled(home, plugin))) missing.push(plugin);
  if (missing.length === 0) return home;
  if (await isRecent(refusal)) return undefined;
  await mkdir(home, { recursive: true });
  for (const { name, version } of missing) {
    const { failed, stderr } = await timed(
      `Downloading the plugin ${name} ${version}`,
      onProgress,
      () =>
        execa(cli, ["plugin", "install", "resource", name, version], {
          timeout: patience * 1000,
          killSignal: "SIGKILL",
          env: { PULUMI_HOME: home, PULUMI_SKIP_UPDATE_CHECK: "true" },
          stdin: "ignore",
          reject: false,
        }),
    );
    if (failed) {
      const reason = stderr.trim().split("\n").at(-1) ?? "";
      await writeFile(refusal, `${reason}\n`);
      onProgress(`Can't download the plugins here (${reason}); will not try again for ${memory} h`);
      return undefined;
    }
  }
  return home;
}

async function isInstalled(
  home: string,
  { name, version }: { name: string; version: string },
): Promise<boolean> {
  const executable = join(
    home,
    "plugins",
    `resource-${name}-v${version}`,
    `pulumi-resource-${name}`,
  );
  return stat(executable).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function isRecent(path: string): Promise<boolean> {
  return stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs < memory * 3_600_000,
    () => false,
  );
}
