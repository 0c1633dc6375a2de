import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execaSync } from "execa";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { Logrotate } from "../../components/Logrotate";
import { Secret } from "../../host/secret";
import { commandLine } from "../../host/ssh/commandLine";
import { Host } from "../../host/Host";
import { recoverHost } from "../../commands/recover/interrupted";
import { temporaryFolder } from "../temporaryFolder";
import { MockedEngine } from "../unit/mockedEngine";
import { ask, hostKey, login, server } from "../unit/preflight/preflightBench";
import { connectionTo } from "../unit/preflight/preflightServer";
import { operator, rootConnection } from "../unit/rootConnection";

/** Login shells by the paths of their packages: the real ones. */
const shells = ["/bin/sh", "/bin/bash", "/usr/bin/zsh", "/usr/bin/tcsh", "/usr/bin/fish"];

const letters = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));

/** A folder with commands that print the words they were called with, and nothing else. */
function recorders(): string {
  const folder = temporaryFolder("recorders", onTestFinished);
  for (const name of ["sh", "sudo", "tracks.test"]) {
    const file = join(folder, name);
    writeFileSync(file, `#!/bin/bash\nprintf '%s\\0' "\${0##*/}" "$@"\n`);
    chmodSync(file, 0o755);
  }
  return folder;
}

/** Result of a line that a login shell runs, with a PATH and a home of the test. */
function runBy(shell: string, line: string, path: string): string {
  const home = temporaryFolder("home", onTestFinished);
  const { stdout, stderr } = execaSync(shell, ["-c", line], {
    extendEnv: false,
    env: { PATH: path, HOME: home, XDG_CONFIG_HOME: home },
    stripFinalNewline: false,
    reject: false,
  });
  return stdout + stderr;
}

describe.each(shells)("the login shell %s", (shell) => {
  const engine = new MockedEngine();
  beforeEach(async () => {
    await engine.clear();
  });

  it("passes every word on unchanged", () => {
    const words = [
      letters.join(""),
      letters.toReversed().join(""),
      "",
      "!!",
      "a!'\\b",
      "*",
      "~",
      "=ls",
      "{a,b}",
    ];
    const print = `for word; do printf "%s|" "$word"; done`;
    const line = commandLine(["sh", "-c", print, "words", ...words]);
    expect(runBy(shell, line, "/usr/bin:/bin")).toBe(words.map((word) => `${word}|`).join(""));
  });

  it.each([
    ["root", {}],
    ["sudo", operator()],
    ["sudo with a password", operator("sesame")],
  ])("runs every command of a resource as intended, as %s", async (_, change) => {
    const host = new Host("host", { connection: { ...rootConnection, ...change } });
    new Logrotate("logs", { host, file: "nginx", logs: ["/var/log/x"], postrotate: "true" });
    await engine.settled();
    const path = recorders();
    const lines = engine
      .commands()
      .flatMap(({ inputs: { create = "", delete: remove = "" } }) => [create, remove])
      .map((line) => line.replace(/^\/usr\/local\/libexec\/tracks\//, `${path}/`));
    expect(lines).toHaveLength(4);
    for (const line of lines) {
      const meant = runBy("/bin/sh", line, path).split("\0").slice(0, -1);
      expect(meant.length).toBeGreaterThan(2);
      expect(runBy(shell, line, path).split("\0").slice(0, -1)).toEqual(meant);
    }
  });

  it("creates and removes the spool, and installs only a complete script", async () => {
    new Host("host", { connection: rootConnection });
    const { create = "", delete: remove = "" } = (await engine.command("host-script")).inputs;
    const home = temporaryFolder("home", onTestFinished);
    const local = join(home, "local");
    const here = (line: string): string =>
      line
        .replaceAll("/usr/local/libexec/tracks", local)
        .replaceAll("/var/lib/tracks", join(home, "state"));
    const run = (line: string, input: string) =>
      execaSync(shell, ["-c", here(line)], {
        input,
        extendEnv: false,
        env: { PATH: "/usr/bin:/bin", HOME: home, XDG_CONFIG_HOME: join(home, "config") },
        reject: false,
      });
    const script = "#!/bin/bash\ntrue\n# end of the tracks host script\n";
    expect(run(create, "#!/bin/bash\ntrue\n").exitCode).not.toBe(0);
    expect(existsSync(join(local, "tracks.test"))).toBe(false);
    const made = run(create, `a password that sudo did not ask for\n${script}`);
    expect(made.exitCode, made.stderr).toBe(0);
    expect(readFileSync(join(local, "tracks.test"), "utf8")).toBe(script);
    expect(existsSync(join(home, ".tracks", "tracks.test", ".made-first"))).toBe(true);
    const removed = run(remove, script);
    expect(removed.exitCode, removed.stderr).toBe(0);
    expect(existsSync(join(local, "tracks.test"))).toBe(false);
    expect(existsSync(join(home, ".tracks"))).toBe(false);
  });

  it("lets the preflight run, even when it prints something first", async () => {
    const host = await server({ loginShell: shell, prints: "Welcome!\nfact init none\n" });
    const facts = await ask(connectionTo(host, hostKey, login), {
      git: {
        url: "ssh://git@git.example.org/it's!",
        ref: "main",
        user: "deployer",
        deployKey: new Secret("KEY"),
      },
    });
    expect(facts.commit).toBe("1-ref=main");
    expect(facts.facts.get("init")).toBe("systemd");
    expect(facts.resources.get("nginx")?.drift).toEqual([
      { name: "/etc/nginx/nginx.conf", reason: "content differs" },
    ]);
  });

  it("lets an interrupted run be recovered", async () => {
    const host = await server({ loginShell: shell, prints: "Welcome!\n" });
    const root = temporaryFolder("root", onTestFinished);
    mkdirSync(join(root, "run"), { recursive: true });
    process.env["TRACKS_ROOT"] = root;
    onTestFinished(() => {
      delete process.env["TRACKS_ROOT"];
    });
    expect(await recoverHost(connectionTo(host, hostKey, login), "tracks.test")).toEqual([
      "nothing was interrupted",
    ]);
  });
});
