import { type AddressInfo, createServer } from "node:net";
import { describe, expect, it, vi } from "vitest";
import type { Connection } from "../../../../host/ssh/connection";
import { Deadline } from "../../../../host/ssh/deadline";
import type { HostError } from "../../../../host/ssh/error";
import { openSession } from "../../../../host/ssh/session";
import { ask, errorOf, hostKey, login, rsaHostKey, server, stranger } from "../preflightBench";
import { connectionTo, identityOf, keyPair, type TestServerOptions } from "../preflightServer";

describe("the way to the host", () => {
  it("ends at a port where nothing listens", async () => {
    const host = await server();
    await host.close();
    const error = await errorOf(ask(connectionTo(host, hostKey, login)));
    expect(error.kind).toBe("unreachable");
    expect(error.message).toMatch(
      new RegExp(
        `^The host 127\\.0\\.0\\.1:${host.port} can't be reached\n[^]*\n {2}reason: {2}connection refused$`,
      ),
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
    expect(error.message).toContain(`given:   ${stranger.publicKey.fingerprint} (ssh-ed25519)`);
    expect(error.message).toContain(`found:   ${hostKey.publicKey.fingerprint} (ssh-ed25519)`);
    expect(error.message).toContain(
      "fix:     npm run hostkey   (pins the new key, after its owner has confirmed it)",
    );
    expect(host.commands).toEqual([]);
  });

  it("asks for a key of the pinned type alone", async () => {
    const error = await errorOf(ask(connectionTo(await server(), rsaHostKey, login)));
    expect(error.kind).toBe("host-key");
    expect(error.message).toContain("Enterprise Linux 9 refuses");
  });

  it("says which login's key is refused", async () => {
    const error = await errorOf(ask(connectionTo(await server(), hostKey, stranger)));
    expect(error.kind).toBe("login");
    expect(error.message).toContain(
      `refuses root\n  given:   the key ${stranger.publicKey.fingerprint}`,
    );
    expect(error.message).toContain(
      "tracks:hostUser or tracks:privateKeyFile or tracks:privateKey",
    );
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

  it("that can't be reached is named", async () => {
    const error = await through({}, { port: 1 });
    expect(error.kind).toBe("unreachable");
    expect(error.message).toContain("The bastion 127.0.0.1:1 can't be reached");
    expect(error.message).toContain("tracks:bastionHost or tracks:bastionPort");
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

  it("behind which the host can't be reached", async () => {
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
  it("that is dead is found before any connection", async () => {
    const host = await server();
    const connection = connectionTo(host, hostKey, login, {
      identity: { kind: "agent", socketPath: "/nonexistent/agent.socket" },
    });
    const error = await errorOf(ask(connection));
    expect(error.kind).toBe("agent");
    expect(error.message).toContain("/nonexistent/agent.socket");
    expect(error.message).toContain("pulumi config set tracks:agentSocketPath PATH");
    expect(host.connections()).toBe(0);
  });

  it("that is dead is an error even with a private key", async () => {
    vi.stubEnv("SSH_AUTH_SOCK", "/nonexistent/inherited.socket");
    const error = await errorOf(ask(connectionTo(await server(), hostKey, login)));
    expect(error.kind).toBe("agent");
    expect(error.message).toContain("unset SSH_AUTH_SOCK");
  });

  it("that no setting or variable names", async () => {
    const connection = connectionTo(await server(), hostKey, login, {
      identity: { kind: "agent", socketPath: undefined },
    });
    const { message } = await errorOf(ask(connection));
    expect(message).toContain("SSH_AUTH_SOCK is not set");
    expect(message).toContain("pulumi config set tracks:agentSocketPath PATH");
  });
});
