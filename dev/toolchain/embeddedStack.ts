import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Toolchain } from "./toolchain";

/** Passphrase that encrypts the secrets of a stack. */
export type Passphrase =
  | { readonly passphrase: string }
  /** File whose only line is the passphrase. */
  | { readonly passphraseFile: string };

/** Folders of an embedded stack, all of which is on this machine. */
export interface EmbeddedStack {
  /** Folder of the lab hosts that it may be deployed to. */
  readonly labDirectory: string;
  /** Folder of its state, created when it is missing. @default "LABDIRECTORY/backend" */
  readonly backend?: string;
  readonly lock: Passphrase;
}

/** Environment with which plain `pulumi` commands work on an embedded stack. */
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
 * Writes a Pulumi.yaml, to run a program from another folder than its own.
 *
 * @param folder which will also have the files of the project's stacks
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
