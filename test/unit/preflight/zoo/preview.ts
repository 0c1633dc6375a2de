import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { expect, onTestFinished, vi } from "vitest";
import { ProblemError } from "../../../../host/ProblemError";
import { preflight } from "../../../../preflight/index";
import { temporaryFolder } from "../../../temporaryFolder";
import { check } from "../../settings/configuration";
import { hostKey, login, server } from "../preflightBench";
import { connectionTo } from "../preflightServer";

/** What becomes of an input in the preview, before a resource is registered. */
export type Outcome =
  | { readonly refused: RegExp }
  /** Taken, with this warning and no other. */
  | { readonly warned: RegExp }
  | "taken";

const sample = join(__dirname, "../../../../dev/sample/tracks");

/** A copy of the sample application, which the test may change. */
export function sampleSource(): string {
  const folder = join(temporaryFolder("zoo", onTestFinished), "source");
  cpSync(sample, folder, { recursive: true });
  return folder;
}

/** Writes files below a folder. */
export function writeFiles(folder: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/**
 * Runs what a preview runs before it registers anything, with these settings.
 *
 * @param release the name of the one that the host runs; without, the host is bare
 */
export async function expectPreview(
  settings: Readonly<Record<string, string>>,
  outcome: Outcome,
  release?: string,
): Promise<void> {
  const warn = vi.spyOn(pulumi.log, "warn").mockResolvedValue();
  const refused = await refusal(settings, release);
  const said = { refused, warned: warn.mock.calls.map(([message]) => message) };
  warn.mockRestore();
  if (outcome === "taken") expect(said).toEqual({ refused: undefined, warned: [] });
  else if ("warned" in outcome)
    expect(said).toEqual({ refused: undefined, warned: [expect.stringMatching(outcome.warned)] });
  else expect(said.refused).toMatch(outcome.refused);
}

async function refusal(
  settings: Readonly<Record<string, string>>,
  release: string | undefined,
): Promise<string | undefined> {
  const facts = ["init systemd", "interpreter present", "os-version 9.4"];
  const deployed =
    release === undefined
      ? []
      : ["ok app", "manifest app", ` application /microarray/releases/tracks/${release} owner=x`];
  const report = [
    ...facts.map((fact) => `fact ${fact}`),
    ...deployed,
    ...["preflight complete", ""],
  ].join("\n");
  const host = await server({
    answer: (command) => (command.includes(" look ") ? { stdout: report } : undefined),
  });
  try {
    const { configuration } = check({ production: "false", ...settings });
    await preflight({ ...configuration, connection: connectionTo(host, hostKey, login) });
    return undefined;
  } catch (error) {
    // Anything else is no word for a user, but a fault of the program.
    if (error instanceof ProblemError) return error.message;
    throw error;
  }
}
