import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, describe, expect, it, vi } from "vitest";
import { hostScriptDigest } from "../../../host/script/hostScript";
import { Secret } from "../../../host/secret";
import { preflight, type SiteArguments } from "../../../preflight/index";
import { check } from "../settings/configuration";
import { startAgent } from "./previewAgent";
import { hostKey, login, server } from "./preflightBench";
import { connectionTo } from "./preflightServer";

/** The preflight of a stack whose host reports these facts, each a line. */
async function preflightOf(
  facts: readonly string[],
  settings: Record<string, string>,
): Promise<SiteArguments> {
  const report = [...facts.map((fact) => `fact ${fact}`), "preflight complete", ""].join("\n");
  const host = await server({
    answer: (command) => (command.includes(" look ") ? { stdout: report } : undefined),
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

describe("a preview by the login of TRACKS_PREVIEW_USER", () => {
  it("gives the components the stack's own login, and what the host says of that", async () => {
    inPreview(true);
    vi.stubEnv("TRACKS_PREVIEW_USER", "previews");
    const host = await server({
      answer: (command) => {
        if (command.startsWith("sha256sum ")) return { stdout: `${hostScriptDigest()}  script\n` };
        return command.includes(" look ")
          ? { stdout: "fact init systemd\nfact spool ready first\npreflight complete\n" }
          : undefined;
      },
    });
    const { configuration } = check({ production: "false" });
    const socketPath = await startAgent(login);
    const connection = connectionTo(host, hostKey, login, {
      user: "operator",
      identity: { kind: "agent", socketPath },
      privilege: { kind: "password", password: new Secret("a password") },
    });
    const { host: found } = await preflight({ ...configuration, connection });
    expect(found.connection).toBe(connection);
    expect(found.facts?.facts.get("spool")).toBe("ready first");
    expect(host.users).toEqual(["previews"]);
    const sent = host.commands.map(({ command, stdin }) => command + stdin).join("\n");
    expect(sent).toContain("login=operator");
    expect(sent).not.toContain("a password");
  });
});
