import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Toolchain } from "../tools/toolchain";

/** The passphrase of Pulumi.dev.yaml: documented, no secret; it guards nothing but generated lab secrets. */
export const devPassphrase = "tracks-dev";

/**
 * The environment of the embedded default: the tool chain, a file backend in the lab's ignored
 * folder, the documented passphrase.
 */
export async function embeddedEnvironment(
  toolchain: Toolchain,
  labDirectory: string,
): Promise<Record<string, string>> {
  const backend = join(labDirectory, "backend");
  await mkdir(backend, { recursive: true, mode: 0o700 });
  return {
    ...toolchain.env,
    TRACKS_LAB_DIR: labDirectory,
    PULUMI_BACKEND_URL: `file://${backend}`,
    PULUMI_CONFIG_PASSPHRASE: devPassphrase,
    // The program loads in a third of the time; `npm test` is where its types are checked.
    PULUMI_NODEJS_TRANSPILE_ONLY: "true",
  };
}

/**
 * Writes the environment as a file that a shell reads, and returns the line that does it.
 *
 * @returns such as `source .lab/env`, for the person to type
 */
export async function writeShellEnvironment(
  environment: Record<string, string>,
  labDirectory: string,
): Promise<string> {
  const file = join(labDirectory, "env");
  const lines = Object.entries(environment).map(
    ([name, value]) => `export ${name}=${quote(value)}`,
  );
  await writeFile(file, `${lines.join("\n")}\n`, { mode: 0o600 });
  return "source .lab/env";
}

function quote(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
