import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { findCli } from "../../../../dev/toolchain/pathCli";
import { temporaryFolder } from "../../../temporaryFolder";

/** A folder on PATH whose `pulumi` says this of its version. */
function installed(version: string, { languageHost = true } = {}): string {
  const folder = temporaryFolder("cli", onTestFinished);
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const name of ["pulumi", ...(languageHost ? ["pulumi-language-nodejs"] : [])]) {
    writeFileSync(join(bin, name), `#!/bin/sh\necho ${version}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  vi.stubEnv("PATH", [bin, "/usr/bin", "/bin"].join(delimiter));
  vi.stubEnv("TRACKS_CACHE", join(folder, "cache"));
  onTestFinished(() => void vi.unstubAllEnvs());
  return bin;
}

describe("the CLI on PATH", () => {
  it.each([
    ["v3.220.0", "3.220.0"],
    ["v3.220.1", "3.220.1"],
    ["v3.1000.0", "3.1000.0"],
    ["v4.0.0", "4.0.0"],
  ])("is used when it is %s", async (said, version) => {
    const bin = installed(said);
    expect(await findCli()).toEqual({ path: join(bin, "pulumi"), version });
  });

  it.each(["v3.99.9", "v2.300.0", "v3.220.0-alpha.1", "no version"])(
    "is not used when it is %s",
    async (said) => {
      installed(said);
      expect(await findCli()).toBeUndefined();
    },
  );

  it("is not used without its language host", async () => {
    installed("v3.220.0", { languageHost: false });
    expect(await findCli()).toBeUndefined();
  });
});
