import { join } from "node:path";
import { execa } from "execa";
import { expect, it, onTestFinished } from "vitest";
import { temporaryFolder } from "../../temporaryFolder";

const bootstrap = join(__dirname, "../../../commands/bootstrap.mjs");

it.each([[["--stack", "production"]], [["host.test", "--stack", "production"]], [[]]])(
  "npm run hostkey with %j says that Pulumi is missing, where its stack can't be read",
  async (args) => {
    const PATH = temporaryFolder("hostkey", onTestFinished);
    const { exitCode, stderr } = await execa(
      process.execPath,
      [bootstrap, "commands/hostkey.ts", ...args],
      { env: { PATH }, reject: false },
    );
    expect(stderr).toBe(
      "The command pulumi is not in PATH: install Pulumi, or take the demo's (source .lab/env.dev).",
    );
    expect(exitCode).toBe(1);
  },
);
