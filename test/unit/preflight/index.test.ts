import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, describe, expect, it } from "vitest";
import { preflight, type SiteArguments } from "../../../preflight/index";
import { check } from "../settings/configuration";
import { hostKey, login, server } from "./preflightBench";
import { connectionTo } from "./preflightServer";

/** The preflight of a stack whose host reports these facts, each a line. */
async function preflightOf(
  facts: readonly string[],
  settings: Record<string, string>,
): Promise<SiteArguments> {
  const report = [...facts.map((fact) => `fact ${fact}`), "preflight complete", ""].join("\n");
  const host = await server({
    answer: (command) => (command.includes("preflight complete") ? { stdout: report } : undefined),
  });
  const { configuration } = check({ production: "false", ...settings });
  return preflight({ ...configuration, connection: connectionTo(host, hostKey, login) });
}

function inPreview(preview: boolean): void {
  void pulumi.runtime.setMocks(
    {
      newResource: ({ name, inputs }) => ({ id: name, state: inputs as object }),
      call: () => ({}),
    },
    "tracks",
    "test",
    preview,
  );
}
afterEach(() => {
  inPreview(false);
});

describe("a host whose init is not systemd", () => {
  const old = ["init sysv", "interpreter present", "os-version 6.10"];
  const application = { sourceFolder: join(__dirname, "../../../dev/sample/tracks") };

  it.each([
    ["a preview", true],
    ["an up", false],
  ])("is refused an application in %s, with the ways out", async (_, preview) => {
    inPreview(preview);
    await expect(preflightOf(old, application)).rejects.toThrow(
      /^The host was not touched, because of:\n\n.*needs systemd\n.*CentOS Linux release 7\.9\.2009 \(Core\)\n[^]*pulumi config set tracks:host .*\n *or pulumi config rm tracks:sourceFolder/,
    );
  });

  it("gets a site without an application; a host with systemd gets both", async () => {
    inPreview(true);
    await expect(preflightOf(old, {})).resolves.toMatchObject({ app: undefined });
    const facts = ["init systemd", "interpreter present", "os-version 7.9"];
    const { app } = await preflightOf(facts, application);
    expect(app).toBeDefined();
  });
});
