import { createServer, type AddressInfo } from "node:net";
import { chmodSync, existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Secret } from "../../config/secret";
import type { Connection } from "../../host/connection";
import { Deadline } from "../../host/deadline";
import { HostError } from "../../host/error";
import { examine, type PreflightOptions } from "../../host/preflight/examine";
import type { HostFacts } from "../../host/preflight/report";
import { openSession } from "../../host/session";
import {
  type Answer,
  connectionTo,
  identityOf,
  keyPair,
  startServer,
  type TestServer,
  type TestServerOptions,
} from "./preflightServer";

const hostKey = keyPair();
const login = keyPair();
const stranger = keyPair();
const rsaHostKey = keyPair("rsa");

const script = {
  scope: "tracks.test",
  text: [
    "#!/bin/bash",
    `case "$3" in`,
    `survey) printf "fact init systemd\\nfact arguments %s\\nconflict port 80 is %s\\n" "$*" "another's" ;;`,
    `probe) printf "ok site\\ndrift nginx /etc/nginx/nginx.conf has other content\\nrepair nginx 2\\nmanifest nginx\\n tracks-manifest 1\\n | user nginx;\\nvia nginx root key SHA256:old\\n" ;;`,
    "esac",
    "# end of the tracks host script",
    "",
  ].join("\n"),
};
const options: PreflightOptions = {
  survey: { user: "deployer", listenPort: 80, serverNames: ["tracks.stowers.org"] },
};

const servers: TestServer[] = [];

async function server(change: Partial<TestServerOptions> = {}): Promise<TestServer> {
  const started = await startServer({ hostKeys: [hostKey], authorized: [login], ...change });
  servers.push(started);
  return started;
}

async function errorOf(promise: Promise<unknown>): Promise<HostError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof HostError) return error;
  throw new Error(`no HostError, but ${String(error)}`);
}

async function ask(
  connection: Connection,
  more: Partial<PreflightOptions> = {},
): Promise<HostFacts> {
  return examine(connection, script, { ...options, ...more });
}

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
  const directory = mkdtempSync(join(tmpdir(), "tracks-sudo-"));
  const file = join(directory, "sudo");
  writeFileSync(
    file,
    `#!/bin/sh\nwhile [ "\${1#-}" != "$1" ]; do [ "$1" = -p ] && shift; shift; done\nexec "$@"\n`,
  );
  chmodSync(file, 0o755);
  return directory;
}

beforeEach(() => {
  vi.stubEnv("SSH_AUTH_SOCK", "");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(servers.splice(0).map((started) => started.close()));
});

describe("a host in order", () => {
  it("is asked over one connection, and its answer is read", async () => {
    const host = await server();
    const facts = await ask(connectionTo(host, hostKey, login));
    expect(host.connections()).toBe(1);
    expect(facts.distribution).toBe("CentOS Linux release 7.9.2009 (Core)");
    expect(facts.facts.get("init")).toBe("systemd");
    expect(facts.facts.get("arguments")).toBe(
      "--scope tracks.test survey user=deployer listen=80 server=tracks.stowers.org",
    );
    expect(facts.conflicts).toEqual(["port 80 is another's"]);
    expect(facts.resources.get("site")?.state).toBe("ok");
    expect(facts.resources.get("nginx")).toEqual({
      state: "drift",
      reason: "/etc/nginx/nginx.conf has other content",
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

  it("never runs what stands before the script, such as a password that sudo didn't ask for", async () => {
    const marker = join(mkdtempSync(join(tmpdir(), "tracks-preflight-")), "ran");
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

describe("the way to the host", () => {
  it("ends at a port where nobody listens", async () => {
    const host = await server();
    await host.close();
    const error = await errorOf(ask(connectionTo(host, hostKey, login)));
    expect(error.kind).toBe("unreachable");
    expect(error.message).toContain(
      `The host 127.0.0.1:${host.port} can't be reached: connection refused`,
    );
  });

  it("ends at a server that accepts and says nothing, when the deadline passes", async () => {
    const silent = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => silent.once("listening", resolve));
    const connection = connectionTo(await server(), hostKey, login, {
      port: (silent.address() as AddressInfo).port,
    });
    const error = await errorOf(openSession(connection, new Deadline(0.2)));
    expect(error.kind).toBe("unreachable");
    silent.close();
  });

  it("ends at a server that speaks something else", async () => {
    const other = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")).listen(
      0,
      "127.0.0.1",
    );
    await new Promise((resolve) => other.once("listening", resolve));
    const connection = connectionTo(await server(), hostKey, login, {
      port: (other.address() as AddressInfo).port,
    });
    expect((await errorOf(ask(connection))).kind).toBe("unreachable");
    other.close();
  });

  it("shows both fingerprints of a wrong host key, and logs in nowhere", async () => {
    const host = await server();
    const error = await errorOf(ask(connectionTo(host, stranger, login)));
    expect(error.kind).toBe("host-key");
    expect(error.message).toContain(`pinned:  ${stranger.publicKey.fingerprint} (ssh-ed25519)`);
    expect(error.message).toContain(`offered: ${hostKey.publicKey.fingerprint} (ssh-ed25519)`);
    expect(error.message).toContain(`npm run hostkey -- 127.0.0.1 --port ${host.port}`);
    expect(host.commands).toEqual([]);
  });

  it("asks for a key of the pinned type alone", async () => {
    const error = await errorOf(ask(connectionTo(await server(), rsaHostKey, login)));
    expect(error.kind).toBe("host-key");
    expect(error.message).toContain("Enterprise Linux 9 refuses");
  });

  it("says whose key is refused", async () => {
    const error = await errorOf(ask(connectionTo(await server(), hostKey, stranger)));
    expect(error.kind).toBe("login");
    expect(error.message).toContain(`refuses root with the key ${stranger.publicKey.fingerprint}`);
  });
});

describe("a bastion", () => {
  const bastionKey = keyPair();
  const through = async (
    change: Partial<TestServerOptions>,
    bastionChange: Partial<Connection> = {},
  ): Promise<HostError> => {
    const host = await server();
    const bastion = await server({ hostKeys: [bastionKey], ...change });
    return errorOf(
      ask(
        connectionTo(host, hostKey, login, {
          bastion: connectionTo(bastion, bastionKey, login, bastionChange),
        }),
      ),
    );
  };

  it("that isn't there is named", async () => {
    const error = await through({}, { port: 1 });
    expect(error.kind).toBe("unreachable");
    expect(error.message).toContain("The bastion 127.0.0.1:1 can't be reached");
    expect(error.message).toContain("tracks:bastionHost and tracks:bastionPort");
  });

  it("with a wrong key is named", async () => {
    const error = await through({}, { hostKey: stranger.publicKey });
    expect(error.kind).toBe("host-key");
    expect(error.message).toContain("The bastion");
    expect(error.message).toContain("--bastion");
  });

  it("that refuses the login is named", async () => {
    const error = await through({}, { identity: identityOf(stranger) });
    expect(error.kind).toBe("login");
    expect(error.message).toContain("tracks:bastionUser or tracks:bastionPrivateKeyFile");
  });

  it("that forwards nothing is named", async () => {
    const error = await through({ forwarding: false });
    expect(error.kind).toBe("forwarding");
    expect(error.message).toContain("AllowTcpForwarding yes");
  });

  it("behind which the host isn't there", async () => {
    const host = await server();
    await host.close();
    const bastion = await server({ hostKeys: [bastionKey], forwarding: true });
    const error = await errorOf(
      ask(
        connectionTo(host, hostKey, login, { bastion: connectionTo(bastion, bastionKey, login) }),
      ),
    );
    expect(error.kind).toBe("unreachable");
    expect(error.message).toContain("the bastion 127.0.0.1");
  });
});

describe("an SSH agent", () => {
  it("that is dead is found before anything is dialled", async () => {
    const host = await server();
    const connection = connectionTo(host, hostKey, login, {
      identity: { kind: "agent", socketPath: "/nonexistent/agent.socket" },
    });
    const error = await errorOf(ask(connection));
    expect(error.kind).toBe("agent");
    expect(error.message).toContain("/nonexistent/agent.socket");
    expect(host.connections()).toBe(0);
  });

  it("that is dead matters even beside a private key", async () => {
    vi.stubEnv("SSH_AUTH_SOCK", "/nonexistent/inherited.socket");
    const error = await errorOf(ask(connectionTo(await server(), hostKey, login)));
    expect(error.kind).toBe("agent");
    expect(error.message).toContain("unset SSH_AUTH_SOCK");
  });

  it("that isn't named anywhere", async () => {
    const connection = connectionTo(await server(), hostKey, login, {
      identity: { kind: "agent", socketPath: undefined },
    });
    expect((await errorOf(ask(connection))).message).toContain("SSH_AUTH_SOCK isn't set");
  });
});

describe("sudo", () => {
  const operator = (password?: string): Partial<Connection> => ({
    user: "operator",
    privilege:
      password === undefined
        ? { kind: "passwordless" }
        : { kind: "password", password: new Secret(password) },
  });

  it("gets a wrong password exactly once, and shows it nowhere", async () => {
    const tries: string[] = [];
    const host = await server({ answer: sudo("right", tries) });
    const error = await errorOf(ask(connectionTo(host, hostKey, login, operator("wrong-one"))));
    expect(error.kind).toBe("sudo");
    expect(error.message).toContain("pulumi config set --secret tracks:sudoPassword");
    expect(error.message).not.toContain("wrong-one");
    expect(tries).toEqual(["wrong-one"]);
    expect(host.commands.map(({ command }) => command).join("\n")).not.toContain("wrong-one");
  });

  it("that wants a password and has none", async () => {
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
  ])("that says %j", async (stderr, exitCode, kind, mend) => {
    const host = await server({
      answer: (command) =>
        command.includes("sudo ") ? { stderr: `${stderr}\n`, exitCode } : undefined,
    });
    const error = await errorOf(ask(connectionTo(host, hostKey, login, operator("right"))));
    expect(error.kind).toBe(kind);
    expect(error.message).toContain(mend);
  });
});

describe("what a program needs", () => {
  it("is SFTP only when something is copied", async () => {
    const host = await server({ sftp: false });
    await ask(connectionTo(host, hostKey, login));
    const error = await errorOf(ask(connectionTo(host, hostKey, login), { needsSftp: true }));
    expect(error.kind).toBe("sftp");
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
    expect(error.message).toContain(`The host runs ${name}.`);
  });

  it("has bash", async () => {
    const host = await server(answering("release: CentOS Linux release 7.9.2009 (Core)\n"));
    expect((await errorOf(ask(connectionTo(host, hostKey, login)))).kind).toBe("shell");
  });

  it("is reported when the script fails on it", async () => {
    const host = await server();
    const failing = {
      scope: "tracks.test",
      text: "#!/bin/bash\necho 'no such verb' >&2\nexit 3\n",
    };
    const error = await errorOf(examine(connectionTo(host, hostKey, login), failing, options));
    expect(error.kind).toBe("script");
    expect(error.message).toContain("no such verb");
  });
});
