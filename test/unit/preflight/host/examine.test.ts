import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Secret } from "../../../../host/secret";
import { Deadline } from "../../../../host/ssh/deadline";
import { examine } from "../../../../preflight/host/examine";
import { openSession } from "../../../../host/ssh/session";
import { temporaryFolder } from "../../../temporaryFolder";
import { ask, errorOf, hostKey, login, options, server, stranger } from "../preflightBench";
import { type Answer, connectionTo, keyPair, type TestServerOptions } from "../preflightServer";
import { operator } from "../../rootConnection";

/** sudo as it behaves without a terminal: three tries, each of which reads a line of stdin. */
function sudo(
  password: string,
  tries: string[],
): (command: string, stdin: string) => Answer | undefined {
  return (command, stdin) => {
    if (!command.includes("sudo ")) return undefined;
    const lines = stdin.split("\n").slice(0, -1);
    if (command.includes("sudo -n")) {
      return { stderr: "sudo: a password is required\n", exitCode: 1 };
    }
    for (const line of lines.slice(0, 3)) {
      tries.push(line);
      if (line === password) return command.endsWith("true") ? {} : undefined;
    }
    return { stderr: "Sorry, try again.\nsudo: no password was provided\n", exitCode: 1 };
  };
}

/** A directory with a sudo that asks for no password and leaves stdin alone. */
function fakeSudo(): string {
  const directory = temporaryFolder("sudo", onTestFinished);
  const file = join(directory, "sudo");
  writeFileSync(
    file,
    `#!/bin/sh\nwhile [ "\${1#-}" != "$1" ]; do [ "$1" = -p ] && shift; shift; done\nexec "$@"\n`,
  );
  chmodSync(file, 0o755);
  return directory;
}

describe("a host without problems", () => {
  it("is asked over one connection, and its answer is read", async () => {
    const host = await server();
    const facts = await ask(connectionTo(host, hostKey, login));
    expect(host.connections()).toBe(1);
    expect(facts.distribution).toBe("CentOS Linux release 7.9.2009 (Core)");
    expect(facts.facts.get("init")).toBe("systemd");
    expect(facts.facts.get("arguments")).toBe(
      "--scope tracks.test look user=deployer login=root listen=80 default=yes server=tracks.stowers.org",
    );
    expect(facts.problems).toEqual([
      expect.objectContaining({ severity: "warning", found: "the service of tracks.other" }),
    ]);
    expect(facts.resources.get("site")?.drift).toEqual([]);
    expect(facts.resources.get("nginx")).toEqual({
      drift: [{ name: "/etc/nginx/nginx.conf", reason: "content differs" }],
      manifest: ["tracks-manifest 1", "| user nginx;"],
      repair: 2,
      via: "root key SHA256:old",
    });
  });

  it("is reached through a bastion with a login of its own", async () => {
    const host = await server();
    const bastionKey = keyPair();
    const bastion = await server({
      hostKeys: [bastionKey],
      authorized: [stranger],
      forwarding: true,
    });
    const facts = await ask(
      connectionTo(host, hostKey, login, { bastion: connectionTo(bastion, bastionKey, stranger) }),
    );
    expect(facts.facts.get("init")).toBe("systemd");
  });

  it("keeps nothing open that would keep the program alive", async () => {
    const host = await server();
    const sockets = (): number =>
      process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
    await ask(connectionTo(host, hostKey, login), { needsSftp: true });
    await vi.waitFor(() => {
      expect(sockets()).toBe(0);
    });
  });

  it("never runs what precedes the script, such as a password that sudo didn't ask for", async () => {
    const marker = join(temporaryFolder("preflight", onTestFinished), "ran");
    const host = await server({
      answer: (command) => (command.endsWith("sudo -k -S -p '' true") ? {} : undefined),
    });
    const connection = connectionTo(host, hostKey, login, {
      user: "operator",
      privilege: { kind: "password", password: new Secret(`touch ${marker}`) },
    });
    // This machine's shell has no sudo: the command without it is what NOPASSWD comes to.
    vi.stubEnv("PATH", `${fakeSudo()}:${process.env["PATH"] ?? ""}`);
    expect((await ask(connection)).facts.get("init")).toBe("systemd");
    expect(existsSync(marker)).toBe(false);
  });
});

/** sudo that lets everything through; the command without it is what this machine's shell gets. */
const allowing = (command: string): Answer | undefined =>
  command.startsWith("sudo ") || command.includes(" sudo ")
    ? {
        stdout: command.includes(" resolve ") ? "fact commit 0-ref=main\n" : "preflight complete\n",
      }
    : undefined;

describe("sudo", () => {
  it("gets a wrong password exactly once, and shows it nowhere", async () => {
    const tries: string[] = [];
    const host = await server({ answer: sudo("right", tries) });
    const error = await errorOf(ask(connectionTo(host, hostKey, login, operator("wrong-one"))));
    expect(error.kind).toBe("sudo");
    expect(error.message).toContain(
      "correct tracks:sudoPassword (pulumi config set --secret tracks:sudoPassword)",
    );
    expect(error.message).not.toContain("wrong-one");
    expect(tries).toEqual(["wrong-one"]);
    expect(host.commands.map(({ command }) => command).join("\n")).not.toContain("wrong-one");
  });

  it("that wants a password which no setting gives", async () => {
    const host = await server({ answer: sudo("right", []) });
    const error = await errorOf(ask(connectionTo(host, hostKey, login, operator())));
    expect(error.kind).toBe("sudo");
    expect(error.message).toContain("sudo asks operator for a password");
  });

  it.each([
    [
      "sudo: sorry, you must have a tty to run sudo",
      1,
      "requiretty",
      "Defaults:operator !requiretty",
    ],
    ["operator is not in the sudoers file.  This incident will be reported.", 1, "sudo", "visudo"],
    ["bash: sudo: command not found", 127, "sudo", "yum -y install sudo"],
    ["sudo: Account expired, contact your system administrator", 1, "sudo", "Account expired"],
  ])("that says %j", async (stderr, exitCode, kind, fix) => {
    const host = await server({
      answer: (command) =>
        command.includes("sudo ") ? { stderr: `${stderr}\n`, exitCode } : undefined,
    });
    const error = await errorOf(ask(connectionTo(host, hostKey, login, operator("right"))));
    expect(error.kind).toBe(kind);
    expect(error.message).toContain(fix);
  });
});

describe("a login", () => {
  const notes = { prints: "bash: rvm: command not found\nmay not run\n" };

  it("whose shell prints complaints is not taken for a host without sudo", async () => {
    const host = await server({ ...notes, answer: sudo("right", []) });
    const error = await errorOf(ask(connectionTo(host, hostKey, login, operator("wrong-one"))));
    expect(error.message).toContain(
      "sudo refuses the password of operator, which it was given once",
    );
  });

  it("that runs no command is reported with the words that it prints", async () => {
    const prints = 'Please login as the user "centos" rather than the user "root".\n';
    const host = await server({ prints, runsNothing: true });
    const error = await errorOf(ask(connectionTo(host, hostKey, login)));
    expect(error.kind).toBe("shell");
    expect(error.message).toContain(
      'reason:  Please login as the user "centos" rather than the user "root".',
    );
    expect(error.message).toContain("tracks:hostUser");
    expect(host.commands).toEqual([]);
  });

  it("that runs no command and stays open is reported in the same words", async () => {
    const prints = 'Please login as the user "centos".\n';
    const host = await server({ prints, runsNothing: true, lingers: true });
    const session = await openSession(connectionTo(host, hostKey, login), new Deadline(5));
    onTestFinished(() => {
      session.close();
    });
    const error = await errorOf(session.exec(["true"], "", new Deadline(0.5)));
    expect(error.message).toContain(
      "The login shell of root on the host runs no command within 0.5 s\n",
    );
  });
});

describe("what a program needs", () => {
  it("is SFTP only when something is copied", async () => {
    const host = await server({ sftp: false });
    await ask(connectionTo(host, hostKey, login));
    const error = await errorOf(ask(connectionTo(host, hostKey, login), { needsSftp: true }));
    expect(error.kind).toBe("sftp");
  });

  it.each<[string, Partial<TestServerOptions>, string]>([
    [
      "has no subsystem",
      { sftp: false },
      "The host's sshd offers no SFTP, which copies files\n  fix:     Subsystem sftp ",
    ],
    [
      "has a login that prints",
      { prints: "Welcome to\n\x1b[1mtracks\x1b[0m\n" },
      "The login shell of root on the host prints text where SFTP expects its packets\n  found:   Welcome to [1mtracks [0m\n  fix:     ",
    ],
    [
      "has a subsystem whose program is missing",
      { sftp: "broken" },
      "  reason:  bash: /wrong/sftp-server: No such file",
    ],
  ])("is reported, with the reason, where sshd %s", async (_, change, message) => {
    const host = await server(change);
    const error = await errorOf(ask(connectionTo(host, hostKey, login), { needsSftp: true }));
    expect(error.kind).toBe("sftp");
    expect(error.message).toContain(message);
  });

  it("is one session at a time, with sudo and everything that may be asked", async () => {
    const host = await server({
      ...{ maxSessions: 1, freesSessionsAfterMs: 60 },
      ...{ forwarding: true, answer: allowing },
    });
    const facts = await ask(connectionTo(host, hostKey, login, operator("right")), {
      needsSftp: true,
      forwarding: { address: "127.0.0.1", port: host.port },
      git: { url: "https://git.example.org/tracks", ref: "main", user: "deployer" },
    });
    expect(host.connections()).toBe(1);
    expect(facts.commit).toBe("0-ref=main");
  });

  it("may wait long for another that it has open", async () => {
    const host = await server({ maxSessions: 1 });
    const session = await openSession(connectionTo(host, hostKey, login), new Deadline(10));
    onTestFinished(() => {
      session.close();
    });
    const slow = session.exec(["sleep", "1.3"], "", new Deadline(10));
    const waiting = session.exec(["echo", "done"], "", new Deadline(10));
    expect(await waiting).toMatchObject({ stdout: "done\n", exitCode: 0 });
    expect(await slow).toMatchObject({ exitCode: 0 });
  });

  it("may take many commands one after the other, without a warning of Node", async () => {
    const warnings = vi.fn<(warning: Error) => void>();
    process.on("warning", warnings);
    onTestFinished(() => {
      process.off("warning", warnings);
    });
    const host = await server();
    const session = await openSession(connectionTo(host, hostKey, login), new Deadline(20));
    onTestFinished(() => {
      session.close();
    });
    for (let count = 0; count < 12; count++) await session.exec(["true"], "", new Deadline(20));
    expect(warnings.mock.calls).toEqual([]);
  });

  it("is reported where sshd opens no session", async () => {
    const host = await server({ maxSessions: 0 });
    const error = await errorOf(ask(connectionTo(host, hostKey, login)));
    expect(error.kind).toBe("login");
    expect(error.message).toContain(
      "MaxSessions 1   (or more, in the host's /etc/ssh/sshd_config;",
    );
  });

  it("is forwarding only when PostgreSQL goes through the tunnel", async () => {
    const forwarding = { address: "127.0.0.1", port: 5432 };
    const refusing = await server();
    const error = await errorOf(ask(connectionTo(refusing, hostKey, login), { forwarding }));
    expect(error.kind).toBe("forwarding");
    const allowing = await server({ forwarding: true });
    await ask(connectionTo(allowing, hostKey, login), {
      forwarding: { address: "127.0.0.1", port: allowing.port },
    });
  });
});

describe("the system", () => {
  const answering = (stdout: string): Partial<TestServerOptions> => ({
    answer: (command) => (command.includes("redhat-release") ? { stdout } : undefined),
  });

  it("is told before anything else that is wrong, and asked nothing as root where it is not supported", async () => {
    const host = await server({
      ...answering("os: Debian GNU/Linux 12 (bookworm)\nbash: /bin/bash\n"),
      sftp: false,
    });
    const asked = ask(connectionTo(host, hostKey, login), { needsSftp: true });
    expect((await errorOf(asked)).kind).toBe("distribution");
    expect(host.commands.map(({ command }) => command).join()).not.toContain("probe");
  });

  it.each([
    "CentOS release 6.5 (Final)",
    "Red Hat Enterprise Linux release 9.4 (Plow)",
    "Rocky Linux release 9.3 (Blue Onyx)",
    "AlmaLinux release 10.0 (Purple Lion)",
    "Scientific Linux release 6.10 (Carbon)",
  ])("may be %s", async (release) => {
    const host = await server(answering(`release: ${release}\nbash: /bin/bash\n`));
    expect((await ask(connectionTo(host, hostKey, login))).distribution).toBe(release);
  });

  it.each([
    [`os: "Debian GNU/Linux 12 (bookworm)"`, "Debian GNU/Linux 12 (bookworm)"],
    ["release: Fedora release 40 (Forty)", "Fedora release 40 (Forty)"],
    ["release: CentOS release 5.11 (Final)", "CentOS release 5.11 (Final)"],
    ["", "an unknown system"],
  ])("isn't %j", async (answer, name) => {
    const host = await server(answering(`${answer}\nbash: /bin/bash\n`));
    const error = await errorOf(ask(connectionTo(host, hostKey, login)));
    expect(error.kind).toBe("distribution");
    expect(error.message).toContain(`not supported\n  found:   ${name}\n`);
  });

  it("has bash", async () => {
    const host = await server(answering("release: CentOS Linux release 7.9.2009 (Core)\n"));
    expect((await errorOf(ask(connectionTo(host, hostKey, login)))).kind).toBe("shell");
  });

  it("is reported when the script fails on it", async () => {
    const host = await server();
    const failing = {
      scope: "tracks.test",
      text: "#!/bin/bash\nprintf 'Traceback\\n  a frame\\nno such verb\\n' >&2\nexit 3\n",
    };
    const error = await errorOf(examine(connectionTo(host, hostKey, login), failing, options));
    expect(error.kind).toBe("script");
    expect(error.message).toBe(
      [
        "The state of the host can't be read",
        "  reason:  Traceback",
        "             a frame",
        "           no such verb",
      ].join("\n"),
    );
  });

  it("names the stack's settings, but keeps what it last applied as it is", async () => {
    const host = await server();
    const text = `#!/bin/bash
printf 'obstacle\\tfailure\\tset NginxSite.snippet\nconflict\\tfile\\tUwsgi.socket\n'
printf 'drift nginx\tnginx\tset Nginx.openPorts\nmanifest nginx\n | # NginxSite.snippet\npreflight complete\n'
`;
    const speaking = { scope: "tracks.test", text };
    const facts = await examine(connectionTo(host, hostKey, login), speaking, options);
    expect(facts.problems).toEqual([
      expect.objectContaining({ severity: "error", subject: "set tracks:siteSnippet" }),
      expect.objectContaining({ severity: "warning", subject: "tracks:uwsgiSocket" }),
    ]);
    expect(facts.resources.get("nginx")).toMatchObject({
      drift: [{ name: "nginx", reason: "set tracks:openFirewall" }],
      manifest: ["| # NginxSite.snippet"],
    });
  });

  it("names the stack's settings where the script fails", async () => {
    const host = await server();
    const failing = {
      scope: "tracks.test",
      text: "#!/bin/bash\necho 'set DjangoApp.source.ref to a tag' >&2\nexit 1\n",
    };
    const error = await errorOf(examine(connectionTo(host, hostKey, login), failing, options));
    expect(error.message).toMatch(/ set tracks:sourceRef to a tag$/);
    expect(error.stack).toBe(`HostError: ${error.message}`);
  });

  it("is reported when its answer is cut off", async () => {
    const host = await server();
    const failing = { scope: "tracks.test", text: "#!/bin/bash\necho 'fact os-id rocky'\n" };
    const error = await errorOf(examine(connectionTo(host, hostKey, login), failing, options));
    expect(error.message).toMatch(/reason: {2}The host's answer is cut off\.$/);
  });
});
