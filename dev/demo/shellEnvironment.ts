import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Writes the environment of one stack to a file for a shell. After the shell has read it, plain `pulumi`
 * commands are about that stack.
 *
 * @returns the command that reads it, such as `source .lab/env.dev`
 */
export async function writeShellEnvironment(
  stack: string,
  environment: Record<string, string>,
  labDirectory: string,
): Promise<string> {
  // Another stack's file may have set these in the same shell.
  const unset = ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"];
  const lines = Object.entries(environment).map(
    ([name, value]) => `export ${name}=${quote(value)}`,
  );
  const select = `pulumi stack select ${stack}`;
  await writeFile(
    join(labDirectory, `env.${stack}`),
    [`unset ${unset.join(" ")}`, ...lines, select, ""].join("\n"),
    { mode: 0o600 },
  );
  return `source .lab/env.${stack}`;
}

function quote(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
