import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { parse } from "yaml";
import type { ConfigurationSource } from "../../settings/read";

/** One stack of the project in this folder, as the Pulumi CLI knows it. */
export interface Stack {
  readonly project: string;
  /** Without organization and project. */
  readonly name: string;
  /** Such as `file:///home/me/.pulumi`. */
  readonly backendUrl: string;
}

/** Asks Pulumi which stack is meant: the one named, else the selected one. */
export async function findStack(named: string | undefined): Promise<Stack> {
  const { url } = JSON.parse(await pulumi("whoami", "--json")) as { url: string };
  const name = await showName(named);
  const project = parse(await readFile("Pulumi.yaml", "utf8")) as { name: string };
  return { project: project.name, name: name.trim(), backendUrl: url };
}

/**
 * Reads the stack's settings, decrypted. They stay in this process: what fails in Pulumi is told by
 * its stderr alone.
 */
export async function readSource(stack: Stack): Promise<ConfigurationSource> {
  const answer = await pulumi("config", "--json", "--show-secrets", ...stackOption(stack.name));
  const settings = Object.entries(JSON.parse(answer) as Record<string, Setting>);
  return {
    stack: stack.name,
    settings: Object.fromEntries(settings.map(([name, { value }]) => [name, value ?? ""])),
    secretNames: new Set(settings.filter(([, { secret }]) => secret).map(([name]) => name)),
    directory: process.cwd(),
    labDirectory: resolve(process.env["TRACKS_LAB_DIR"] || ".lab"),
    home: homedir(),
  };
}

/** Gives up the locks of the stack, whoever holds them: prove the holders dead first. */
export async function cancel(stack: Stack): Promise<void> {
  await pulumi("cancel", "--yes", ...stackOption(stack.name));
}

/**
 * Compares the state with the host, and drops operations that never ended.
 *
 * The program runs along, since the providers' settings are in no state of an interrupted create.
 */
export async function refresh(stack: Stack): Promise<void> {
  const flags = ["--run-program", "--clear-pending-creates", "--yes", "--skip-preview"];
  await pulumi("refresh", ...flags, "--color", "never", ...stackOption(stack.name));
}

/**
 * The name is asked for before anybody knows whether an engine is at work. The file backend writes
 * a checkpoint's attributes in place: who reads them in that moment finds an empty file.
 *
 * @param tries how often to ask, a quarter of a second apart
 */
async function showName(named: string | undefined, tries = 8): Promise<string> {
  try {
    return await pulumi("stack", "--show-name", ...stackOption(named));
  } catch (error) {
    if (!(error instanceof Error && /failed to load checkpoint: .*EOF/.test(error.message)))
      throw error;
    if (tries <= 1) {
      throw new Error(
        `${error.message}\nA kill in the middle of a write leaves this: delete the empty file .pulumi/stacks/PROJECT/STACK.json.attrs below the backend's folder (it holds no state), and run this again.`,
        { cause: error },
      );
    }
    await sleep(250);
    return showName(named, tries - 1);
  }
}

interface Setting {
  value?: string;
  secret: boolean;
}

function stackOption(name: string | undefined): string[] {
  return name === undefined ? [] : ["--stack", name];
}

/**
 * @returns what Pulumi printed on stdout
 * @throws Error with what Pulumi said about the failure
 */
async function pulumi(...args: string[]): Promise<string> {
  const result = await execa("pulumi", [...args, "--non-interactive"], {
    stdin: "ignore",
    reject: false,
  });
  if (result.code === "ENOENT") {
    throw new Error(
      "The command pulumi is not in PATH: install Pulumi, or take the demo's (source .lab/env.dev).",
    );
  }
  if (result.exitCode !== 0) {
    // An update tells its fault in what it displays; the settings are never among what is shown.
    const displayed = args[0] === "refresh" ? result.stdout : "";
    const said = [displayed, result.stderr].join("\n").trim();
    throw new Error(`pulumi ${args[0]} failed:\n${said}`);
  }
  return result.stdout;
}
