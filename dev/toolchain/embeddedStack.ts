import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
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
  const lines = [
    `name: ${name}`,
    "runtime:",
    "  name: nodejs",
    "  options:",
    "    typescript: false",
    `    nodeargs: --require ${join(__dirname, "../../commands/typescript.cjs")}`,
    `main: ${program}`,
    "",
  ];
  await writeFile(join(folder, "Pulumi.yaml"), lines.join("\n"));
}
