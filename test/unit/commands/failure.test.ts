import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { tellFailure } from "../../../commands/failure";
import { openWorkspace } from "../../../commands/workspace";
import { temporaryFolder } from "../../temporaryFolder";

/** What a person reads when `call` fails, with this script as the only `pulumi`. */
async function told(script: string | undefined, call: () => Promise<unknown>): Promise<string> {
  const folder = temporaryFolder("failure", onTestFinished);
  if (script !== undefined) {
    writeFileSync(join(folder, "pulumi"), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, "pulumi"), 0o755);
  }
  vi.stubEnv("PATH", folder);
  const print = vi.spyOn(console, "error").mockReturnValue(undefined);
  const { exitCode } = process;
  onTestFinished(() => {
    vi.unstubAllEnvs();
    print.mockRestore();
    process.exitCode = exitCode;
  });
  await call().catch(tellFailure);
  expect(process.exitCode).toBe(1);
  return print.mock.calls.flat().join("\n");
}

it("shows what Pulumi said, once and without the call", async () => {
  const script =
    '[ "$1" = version ] && echo v3.220.0 && exit\necho "error: incorrect passphrase" >&2; exit 255';
  const call = async () => (await openWorkspace()).whoAmI();
  expect(await told(script, call)).toBe("error: incorrect passphrase");
});

it("says how to get Pulumi where it is missing", async () => {
  expect(await told(undefined, openWorkspace)).toBe(
    "The command pulumi is not in PATH: install Pulumi, or take the demo's (source .lab/env.dev).",
  );
});

it("shows any other failure as it is", async () => {
  expect(await told("exit 0", () => Promise.reject(new Error("no such host")))).toBe(
    "no such host",
  );
});
