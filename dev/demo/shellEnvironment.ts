import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Writes the environment of one stack as a file that a shell reads, and returns the line that does
 * it: after that line the plain commands are about that stack.
 *
 * @returns such as `source .lab/env.dev`, for the person to type
 */
export async function writeShellEnvironment(
  stack: string,
  environment: Record<string, string>,
  labDirectory: string,
): Promise<string> {
  // What another stack's line has set before in the same shell must not stay.
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
