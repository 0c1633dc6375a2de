import { homedir } from "node:os";
import { resolve } from "node:path";
import { CommandError, LocalWorkspace } from "@pulumi/pulumi/automation";
import { problemError } from "../host/ProblemError";
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

/** One stack of the project in this folder. */
export interface OpenStack {
  readonly workspace: LocalWorkspace;
  /** As the CLI knows it, such as `production`, or with its organization: `acme/production`. */
  readonly name: string;
}

/**
 * The stack named, else the selected one.
 *
 * @param envVars in which the CLI's environment differs from this process's. @default none
 * @throws Error when there is no such CLI; ProblemError when no stack is selected
 */
export async function openStack(
  named: string | undefined,
  envVars: Readonly<Record<string, string>> = {},
): Promise<OpenStack> {
  const workspace = await openWorkspace(envVars);
  const name = named ?? (await workspace.stack())?.name;
  if (name !== undefined) return { workspace, name };
  throw problemError({
    subject: "No stack is selected",
    fix: ["add --stack NAME to the command", "or pulumi stack select NAME"],
  });
}

/** Reads a stack's settings, decrypted: they stay in this process. */
export async function readSource({ workspace, name }: OpenStack): Promise<ConfigurationSource> {
  const settings = Object.entries(await workspace.getAllConfig(name));
  return {
    // The lab and the host know it without its organization and project.
    stack: name.replace(/^.*\//, ""),
    settings: Object.fromEntries(settings.map(([key, { value }]) => [key, value])),
    secretNames: new Set(settings.filter(([, { secret }]) => secret).map(([key]) => key)),
    directory: workspace.workDir,
    labDirectory: resolve(process.env["TRACKS_LAB_DIR"] || ".lab"),
    home: homedir(),
  };
}
