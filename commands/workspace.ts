import { homedir } from "node:os";
import { resolve } from "node:path";
import { CommandError, LocalWorkspace } from "@pulumi/pulumi/automation";
import type { ConfigurationSource } from "../settings/read";

/**
 * Opens the project in this folder, with the CLI on PATH.
 *
 * @param envVars in which the CLI's environment differs from this process's. @default none
 * @throws Error when there is no such CLI
 */
export async function openWorkspace(
  envVars: Readonly<Record<string, string>> = {},
): Promise<LocalWorkspace> {
  try {
    return await LocalWorkspace.create({ workDir: process.cwd(), envVars: { ...envVars } });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new Error(
      "The command pulumi is not in PATH: install Pulumi, or take the demo's (source .lab/env.dev).",
      { cause: error },
    );
  }
}

/** Reads a stack's settings, decrypted: they stay in this process. */
export async function readSource(
  workspace: LocalWorkspace,
  stack: string,
): Promise<ConfigurationSource> {
  const settings = Object.entries(await workspace.getAllConfig(stack));
  return {
    // The lab and the messages know it without its organization and project.
    stack: stack.replace(/^.*\//, ""),
    settings: Object.fromEntries(settings.map(([name, { value }]) => [name, value])),
    secretNames: new Set(settings.filter(([, { secret }]) => secret).map(([name]) => name)),
    directory: workspace.workDir,
    labDirectory: resolve(process.env["TRACKS_LAB_DIR"] || ".lab"),
    home: homedir(),
  };
}
