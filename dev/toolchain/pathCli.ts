import { constants } from "node:fs";
import { access, realpath } from "node:fs/promises";
import { delimiter, dirname, join, sep } from "node:path";
import { execa } from "execa";
import { lt, parse } from "semver";
import { cacheFolder } from "./cacheFolder";
import { builtVersion } from "./goBuild";

/** A Pulumi CLI that this machine has. */
export interface FoundCli {
  path: string;
  version: string;
}

/**
 * Finds the CLI on PATH, when it can run this project: it has to be of the version that the tests
 * run with or newer (older ones were never tried), and its language host for Node has to be beside
 * it or on PATH.
 *
 * @returns undefined when there is none such; the reason is of no use, since one is built then
 */
export async function findCli(): Promise<FoundCli | undefined> {
  const path = await onPath("pulumi");
  if (path === undefined) return undefined;
  const { stdout } = await execa(path, ["version"], {
    env: { PULUMI_SKIP_UPDATE_CHECK: "true" },
    timeout: 15_000,
    killSignal: "SIGKILL",
    reject: false,
  });
  const version = parse(stdout);
  if (version === null || lt(version, builtVersion)) return undefined;
  const beside = join(dirname(await realpath(path)), "pulumi-language-nodejs");
  if (!(await isExecutable(beside)) && (await onPath("pulumi-language-nodejs")) === undefined)
    return undefined;
  return { path, version: version.version };
}

/**
 * The folders of PATH, less those of our own cache: a shell that has a tool chain's environment
 * already is no reason to take what was built here for the person's.
 */
export function ownPath(): string[] {
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "" && !folder.startsWith(join(cacheFolder(), sep)));
}

async function onPath(name: string): Promise<string | undefined> {
  for (const folder of ownPath()) {
    const candidate = join(folder, name);
    if (await isExecutable(candidate)) return candidate;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
