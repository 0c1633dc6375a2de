import { mkdir } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { downloadPlugins } from "./plugins";
import { buildCli, builtVersion } from "./builtCli";
import { findCli, ownPath } from "./pathCli";
import { labFolder } from "./labFolder";
import type { OnProgress } from "./progress";
import { installStandIns } from "./standIns";

/** Tool chain that runs this project's stacks on this machine. */
export interface Toolchain {
  /** Absolute path of the CLI. */
  pulumi: string;
  /** Variables to add to the environment of the CLI. */
  env: Record<string, string>;
  /** Description in one line: `pulumi 3.220.0 built from source, plugins: stand-ins`. */
  description: string;
  /** Whether the providers are stand-ins, which connect to lab hosts only. */
  standIns: boolean;
}

/**
 * Finds, downloads or builds the Pulumi CLI and the provider plugins, each once.
 *
 * The CLI on PATH when it is new enough, else one built from Go modules with our own language host;
 * the providers from where the CLI downloads them, else stand-ins for lab hosts. All of it is in the
 * cache folder, PULUMI_HOME too: the user's own is neither read nor written.
 *
 * @throws when there is neither a CLI nor Go, or when building fails
 */
export async function ensureToolchain(
  options: { onProgress?: OnProgress } = {},
): Promise<Toolchain> {
  const onProgress = options.onProgress ?? (() => undefined);
  const found = await findCli();
  const cli = found?.path ?? (await buildCli(onProgress));
  const source = found ? `${found.version} from PATH` : `${builtVersion} built from source`;
  const home = await downloadPlugins(cli, onProgress);
  const standIns = found && home !== undefined ? undefined : await installStandIns(cli, onProgress);
  const bin = found || standIns === undefined ? dirname(cli) : standIns.bin;
  const labDirectory = labFolder();
  await mkdir(labDirectory, { recursive: true, mode: 0o700 });
  return {
    pulumi: join(bin, "pulumi"),
    env: {
      PATH: [bin, ...ownPath()].join(delimiter),
      PULUMI_HOME: home ?? standIns?.home ?? "",
      ...standIns?.env,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      // Everything needed is installed: anything else must fail at once rather than try to download.
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      TRACKS_LAB_DIR: labDirectory,
    },
    description: `pulumi ${source}, plugins: ${home === undefined ? "stand-ins" : "downloaded"}`,
    standIns: home === undefined,
  };
}
