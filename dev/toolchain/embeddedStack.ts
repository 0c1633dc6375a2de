import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "./cacheFolder";
import type { Toolchain } from "./toolchain";

/** How the secrets of a stack are locked. */
export type Passphrase =
  | { readonly passphrase: string }
  /** A file with the passphrase in its only line. */
  | { readonly passphraseFile: string };

/** Where the things of an embedded stack lie: nothing of it leaves this machine. */
export interface EmbeddedStack {
  /** Folder of the lab hosts that it may be deployed to. */
  readonly labDirectory: string;
  /** Folder of its state, made when it is not there. @default "LABDIRECTORY/backend" */
  readonly backend?: string;
  readonly lock: Passphrase;
}

/** The variables with which plain `pulumi` commands work on an embedded stack. */
export async function embeddedEnvironment(
  toolchain: Toolchain,
  { labDirectory, backend = join(labDirectory, "backend"), lock }: EmbeddedStack,
): Promise<Record<string, string>> {
  await mkdir(backend, { recursive: true, mode: 0o700 });
  return {
    ...toolchain.env,
    TRACKS_LAB_DIR: labDirectory,
    PULUMI_BACKEND_URL: `file://${backend}`,
    ...("passphrase" in lock
      ? { PULUMI_CONFIG_PASSPHRASE: lock.passphrase }
      : { PULUMI_CONFIG_PASSPHRASE_FILE: lock.passphraseFile }),
    // The program loads in a third of the time; `npm test` is where its types are checked.
    PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    // What is transpiled once, by content, serves every stack; TMPDIR may be each one's own.
    TS_NODE_CACHE_DIRECTORY: join(cacheFolder(), "transpiled"),
  };
}

/**
 * Writes a Pulumi.yaml, so that a program is run from a folder that is not its own.
 *
 * @param folder where the files of the project's stacks will lie too
 * @param project.program absolute path
 */
export async function writeProject(
  folder: string,
  { name = "tracks", program }: { name?: string; program: string },
): Promise<void> {
  const lines = [`name: ${name}`, "runtime: nodejs", `main: ${program}`, ""];
  await writeFile(join(folder, "Pulumi.yaml"), lines.join("\n"));
}
