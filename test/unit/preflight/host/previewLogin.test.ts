import * as pulumi from "@pulumi/pulumi";
import { afterEach, describe, expect, it, vi } from "vitest";
import { hostScriptDigest, installedScript } from "../../../../host/script/hostScript";
import type { Connection } from "../../../../host/ssh/connection";
import { previewUserIn } from "../../../../preflight/host/previewLogin";
import { examineHost, type PreflightOptions } from "../../../../preflight/library";
import { startAgent } from "../previewAgent";
import { ask, errorOf, hostKey, login, options, server, stranger } from "../preflightBench";
import { type Answer, connectionTo, type TestServer } from "../preflightServer";

const installed = installedScript("tracks.test");

/** The commands that a login may run, as sudo's rule has it, with their answers. */
const looking =
  (change: { digest?: string; sum?: Answer; look?: Answer } = {}) =>
  (command: string): Answer | undefined => {
    if (command.startsWith("sha256sum ")) {
      return change.sum ?? { stdout: `${change.digest ?? hostScriptDigest()}  ${installed}\n` };
    }
    if (command.startsWith(`env LC_ALL=C sudo -n ${installed} look `)) {
      return change.look ?? { stdout: "fact spool absent\nok nginx\npreflight complete\n" };
    }
    // Nothing else is for a login that only looks.
    return command.includes("redhat-release") ? undefined : { stderr: "refused\n", exitCode: 1 };
  };

/** The stack's login, by an agent, whose key is another one than the agent has now. */
async function byAgent(host: TestServer): Promise<Connection> {
  const socketPath = await startAgent(login);
  return connectionTo(host, hostKey, stranger, {
    ...{ user: "operator", privilege: { kind: "passwordless" } },
    identity: { kind: "agent", socketPath },
  });
}

const previewing: Partial<PreflightOptions> = { previewUser: "previews", needsSftp: true };

describe("a preview by a login that may only look", () => {
  it("logs in as that login, and has root run nothing but the installed script's look", async () => {
    const host = await server({ answer: looking() });
    const facts = await ask(await byAgent(host), previewing);
    expect(host.users).toEqual(["previews"]);
    const [, sum, look, ...more] = host.commands;
    expect(sum?.command).toBe(`sha256sum ${installed}`);
    // The deployment's login is the one that copies files.
    expect(look).toEqual({
      command: `env LC_ALL=C sudo -n ${installed} look user=deployer login=operator listen=80 default=yes server=tracks.stowers.org`,
      stdin: "",
    });
    expect(more).toEqual([]);
    expect(facts.facts.get("installed-script")).toBe(hostScriptDigest());
    expect(facts.resources.get("nginx")?.drift).toEqual([]);
  });

  it("knows the commit of a full name, and no other", async () => {
    const host = await server({ answer: looking() });
    const connection = await byAgent(host);
    const git = { url: "https://git.example.org/tracks", user: "deployer" };
    const commit = "0123456789012345678901234567890123456789";
    const known = await ask(connection, { ...previewing, git: { ...git, ref: commit } });
    expect(known.commit).toBe(commit);
    const unknown = await ask(connection, { ...previewing, git: { ...git, ref: "main" } });
    expect(unknown.commit).toBeUndefined();
  });

  it("is refused where the stack has its login's private key", async () => {
    const host = await server({ answer: looking() });
    await expect(ask(connectionTo(host, hostKey, login), previewing)).rejects.toThrow(
      /^TRACKS_PREVIEW_USER\n {2}given: {3}previews, and tracks:privateKeyFile or tracks:privateKey\n[^]*SSH agent that holds the deployment's key[^]*could deploy\.$/,
    );
    expect(host.connections()).toBe(0);
  });

  it("names the variable where the host refuses the login", async () => {
    const host = await server({ authorized: [stranger] });
    const error = await errorOf(ask(await byAgent(host), previewing));
    expect(error.message).toContain("refuses previews\n");
    expect(error.message).toContain("or correct TRACKS_PREVIEW_USER");
  });

  it("says what installs the script where the host has none", async () => {
    const missing = `sha256sum: ${installed}: No such file or directory\n`;
    const host = await server({ answer: looking({ sum: { stderr: missing, exitCode: 1 } }) });
    const error = await errorOf(ask(await byAgent(host), previewing));
    expect(error.message).toMatch(
      /^The host has no script \S+\/tracks\.test, [^]*fix: +pulumi up {3}\(once, with the stack's own login/,
    );
  });

  it.each([
    "sudo: a password is required",
    "Sorry, user previews is not allowed to execute '/usr/local/libexec' as root on host.",
    "sudo: sorry, you must have a tty to run sudo",
  ])("shows the rule where sudo says %j", async (said) => {
    const host = await server({
      answer: looking({ look: { stderr: `${said}\n`, exitCode: 1 } }),
    });
    const error = await errorOf(ask(await byAgent(host), previewing));
    expect(error.kind).toBe("sudo");
    expect(error.message).toContain(`previews ALL=(root) NOPASSWD: ${installed} look *`);
    expect(error.message).toContain(said);
  });

  it("says that the script is another one where that does not know a word", async () => {
    const look = { stderr: 'look accepts user=NAME, not "new=1"\n', exitCode: 1 };
    const host = await server({ answer: looking({ digest: "a".repeat(64), look }) });
    const error = await errorOf(ask(await byAgent(host), previewing));
    expect(error.message).toMatch(
      /^The state of the host can't be read\n {2}fix: {5}pulumi up {3}\(with the stack's own login: installs this version's script\)\n[^]*look accepts/,
    );
  });
});

describe("TRACKS_PREVIEW_USER", () => {
  function engine(preview: boolean): string[] {
    const newResource = ({ name }: { name: string }) => ({ id: name, state: {} });
    void pulumi.runtime.setMocks({ newResource, call: () => ({}) }, "tracks", "test", preview);
    const logged: string[] = [];
    vi.spyOn(pulumi.log, "warn").mockImplementation((text) => {
      logged.push(text);
      return Promise.resolve();
    });
    return logged;
  }
  afterEach(() => {
    vi.restoreAllMocks();
    engine(false);
  });

  it("is a login name, or empty for none", () => {
    expect(previewUserIn({})).toBeUndefined();
    expect(previewUserIn({ TRACKS_PREVIEW_USER: "" })).toBeUndefined();
    expect(previewUserIn({ TRACKS_PREVIEW_USER: "previews" })).toBe("previews");
    expect(() => previewUserIn({ TRACKS_PREVIEW_USER: "a b" })).toThrow(
      /^TRACKS_PREVIEW_USER\n {2}given: {3}"a b"\n {2}allowed: a Linux login name/,
    );
  });

  it("is refused in an up, before the host is reached", async () => {
    engine(false);
    const host = await server({ answer: looking() });
    await expect(examineHost(await byAgent(host), { ...options, ...previewing })).rejects.toThrow(
      /^The host was not touched, because of:\n\n {2}TRACKS_PREVIEW_USER\n {4}given: {3}previews\n {4}allowed: nothing but in a preview[^\n]*\n {4}fix: {5}unset TRACKS_PREVIEW_USER/,
    );
    expect(host.connections()).toBe(0);
  });

  it("makes a preview say what it does not know: another script, a branch's commit", async () => {
    const logged = engine(true);
    const host = await server({ answer: looking({ digest: "b".repeat(64) }) });
    const git = { url: "https://git.example.org/tracks", user: "deployer", ref: "main" };
    const facts = await examineHost(await byAgent(host), { ...options, ...previewing, git });
    expect(logged.join("\n")).toMatch(/^The host's script is of another version than this program/);
    expect(logged.join("\n")).toContain("does not know the commit of");
    // A plan, which an `up` with another login keeps to, has none of it.
    expect(facts?.problems).toEqual([]);
  });

  it("adds nothing to a preview that knows everything", async () => {
    const logged = engine(true);
    const host = await server({ answer: looking() });
    await examineHost(await byAgent(host), { ...options, ...previewing });
    expect(logged).toEqual([]);
  });
});
