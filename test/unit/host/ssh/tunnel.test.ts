import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Problem, problemText } from "../../../../host/problem";
import { HostError } from "../../../../host/ssh/error";
import { openTunnel, type TunnelOptions } from "../../../../host/ssh/tunnel";
import {
  connectionTo,
  keyPair,
  startServer,
  type TestServer,
} from "../../preflight/preflightServer";

const hostKey = keyPair();
const login = keyPair();

/** Shouts back what it hears. */
async function startEcho(): Promise<Server> {
  const echo = createServer((socket) => socket.pipe(socket));
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  return echo;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = await startEcho();
  const port = portOf(server);
  server.close();
  await once(server, "close");
  return port;
}

async function say(port: number, words: string): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1" });
  try {
    socket.write(words);
    const [heard] = (await Promise.race([
      once(socket, "data"),
      once(socket, "close").then(() => ["closed"]),
    ])) as [Buffer | string];
    return String(heard);
  } finally {
    socket.destroy();
  }
}

describe("the tunnel", () => {
  let host: TestServer;
  let echo: Server;
  let warnings: string[];
  const warn = (problem: Problem): void => void warnings.push(problemText(problem));

  beforeEach(async () => {
    host = await startServer({ hostKeys: [hostKey], authorized: [login], forwarding: true });
    echo = await startEcho();
    warnings = [];
  });
  afterEach(async () => {
    echo.close();
    await host.close();
  });

  async function open(change: Partial<TunnelOptions> = {}) {
    const localPort = await freePort();
    const target = { address: "127.0.0.1", port: portOf(echo) };
    const options = { localPort, target, warn, ...change };
    const tunnel = await openTunnel(connectionTo(host, hostKey, login), options);
    return { tunnel, localPort: options.localPort };
  }

  it("connects to the host at the first connection, once for all of them", async () => {
    const { localPort } = await open();
    expect(host.connections()).toBe(0);
    const answers = await Promise.all(["one", "two", "three"].map((word) => say(localPort, word)));
    expect(answers).toEqual(["one", "two", "three"]);
    expect(host.connections()).toBe(1);
  });

  it("connects again after the host closed the connection", async () => {
    const { localPort } = await open();
    expect(await say(localPort, "before")).toBe("before");
    host.drop();
    await vi.waitFor(async () => {
      expect(await say(localPort, "after")).toBe("after");
    });
    expect(host.connections()).toBe(2);
  });

  it("closes connections to a port without a listener, and says why once", async () => {
    const { localPort } = await open({ target: { address: "127.0.0.1", port: await freePort() } });
    expect(await say(localPort, "one")).toBe("closed");
    expect(await say(localPort, "two")).toBe("closed");
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/PostgreSQL does not run there/);
  });

  it("gives the program the reason for a failure, without a warning", async () => {
    const { tunnel } = await open({ target: { address: "127.0.0.1", port: await freePort() } });
    const error = await tunnel.connect().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(HostError);
    expect((error as HostError).kind).toBe("target");
    expect(warnings).toEqual([]);
  });

  it("says which setting of sshd forbids forwarding", async () => {
    const closed = await startServer({ hostKeys: [hostKey], authorized: [login] });
    const localPort = await freePort();
    const target = { address: "127.0.0.1", port: portOf(echo) };
    await openTunnel(connectionTo(closed, hostKey, login), {
      ...{ localPort, target, warn },
    });
    expect(await say(localPort, "one")).toBe("closed");
    expect(warnings[0]).toMatch(/AllowTcpForwarding yes/);
    await closed.close();
  });

  it("closes with its connections, and leaves its port", async () => {
    const { tunnel, localPort } = await open();
    const socket = connect({ port: localPort, host: "127.0.0.1" });
    socket.write("hello");
    await once(socket, "data");
    tunnel.close();
    await once(socket, "close");
    await open({ localPort, patienceSeconds: 0.3 });
    expect(await say(localPort, "again")).toBe("again");
  });

  it("waits for a port that another run is about to leave", async () => {
    const other = await startEcho();
    setTimeout(() => other.close(), 300);
    const { localPort } = await open({ localPort: portOf(other) });
    expect(await say(localPort, "mine")).toBe("mine");
  });

  it("refuses a port that another process holds, and names the argument", async () => {
    const other = await startEcho();
    const opening = open({ localPort: portOf(other), patienceSeconds: 0.3 });
    await expect(opening).rejects.toThrow(
      /set PostgresDatabase\.tunnelPort to a port that is free/,
    );
    other.close();
  });
});
