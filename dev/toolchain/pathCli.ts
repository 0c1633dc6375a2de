import { constants } from "node:fs";
import { access, realpath } from "node:fs/promises";
import { delimiter, dirname, join, sep } from "node:path";
import { execa } from "execa";
import { lt, parse } from "semver";
import { cacheFolder } from "./cacheFolder";
import { builtVersion } from "./builtCli";

/** Pulumi CLI of this machine. */
export interface FoundCli {
  path: string;
  version: string;
}

/**
 * Finds the CLI on PATH, if it can run this project: it must have the version that the tests run
 * with, or a newer one (older ones were never tried), and its language host for Node must be next
 * to it or on PATH.
 *
 * @returns undefined when there is no such CLI; the caller builds one then, and needs no reason
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
 * Folders of PATH without those of our own cache: in a shell that has a tool chain's environment already,
 * a CLI that was built here is not the user's own.
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
