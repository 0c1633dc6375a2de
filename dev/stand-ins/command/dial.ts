import { createConnection, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Client, type ConnectConfig } from "ssh2";
import { requireLabHost } from "../protocol/labHosts";
import type { Operation } from "../protocol/resource";
import { type Credentials, offerInTurn, readCredentials } from "./authentication";
import type { Connection, Hop } from "./connection";
import { retry } from "./retry";

/**
 * Opens an SSH connection, through the bastion where there is one. Each hop has its own number of
 * tries; errors of keys and agent fail at once.
 */
export async function dial(connection: Connection, operation: Operation): Promise<Client> {
  requireLabHost(connection.host, "command");
  if (connection.proxy !== undefined) requireLabHost(connection.proxy.host, "command");
  const credentials = await readCredentials(connection);
  const proxy = connection.proxy;
  if (proxy === undefined)
    return retry("Dial", connection.dialErrorLimit, operation, () =>
      dialOnce(connection, credentials),
    );
  return prefixed("proxy", async () => {
    const proxyCredentials = await readCredentials(proxy);
    const bastion = await retry("Dial proxy", proxy.dialErrorLimit, operation, () =>
      dialOnce(proxy, proxyCredentials),
    );
    const bridge = await retry("Dial from proxy", connection.dialErrorLimit, operation, () =>
      forward(bastion, connection),
    );
    // The bridge is dialled once: after the first handshake over it has failed, further tries find
    // it closed.
    return retry("Dial", connection.dialErrorLimit, operation, () =>
      bridge.destroyed || bridge.readableEnded
        ? Promise.reject(new Error("ssh: handshake failed: EOF"))
        : shakeHands(bridge, connection, credentials),
    );
  });
}

async function prefixed<Result>(prefix: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw new Error(`${prefix}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

async function dialOnce(hop: Hop, credentials: Credentials): Promise<Client> {
  const socket = await openSocket(hop);
  return shakeHands(socket, hop, credentials);
}

function openSocket(hop: Hop): Promise<Socket> {
  const target = `dial tcp ${hop.host}:${hop.port}`;
  return new Promise((resolve, reject) => {
    // Keep-alive as in Go's net.Dialer, which the real provider's ssh.Dial uses: 15 s by default.
    const keep = { keepAlive: true, keepAliveInitialDelay: 15_000 };
    const socket = createConnection({ host: hop.host, port: hop.port, ...keep });
    // Only the TCP connection has a time limit: a host that accepts and then says nothing is waited for.
    const timer =
      hop.perDialTimeout > 0
        ? setTimeout(() => {
            socket.destroy();
            reject(new Error(`${target}: i/o timeout`));
          }, hop.perDialTimeout * 1000)
        : undefined;
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.removeAllListeners("error");
      resolve(socket);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(new Error(`${target}: connect: ${socketFault(error)}`));
    });
  });
}

function socketFault(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case "ECONNREFUSED":
      return "connection refused";
    case "EHOSTUNREACH":
      return "no route to host";
    case "ENETUNREACH":
      return "network is unreachable";
    case "ETIMEDOUT":
      return "connection timed out";
    default:
      return error.message;
  }
}

function forward(bastion: Client, target: Hop): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    bastion.forwardOut("0.0.0.0", 0, target.host, target.port, (error, channel) => {
      if (error) reject(new Error(`ssh: rejected: ${error.message}`));
      else resolve(channel);
    });
  });
}

function shakeHands(stream: Duplex, hop: Hop, credentials: Credentials): Promise<Client> {
  const { handler, attempted } = offerInTurn(credentials.methods, hop.user);
  const { hostKey } = credentials;
  let mismatch = false;
  const config: ConnectConfig = {
    sock: stream,
    username: hop.user,
    authHandler: handler,
    readyTimeout: 0,
    ...(hostKey === undefined ? {} : { algorithms: { serverHostKey: [hostKey.type] } }),
    hostVerifier: (offered: Buffer) => {
      mismatch = hostKey !== undefined && !hostKey.getPublicSSH().equals(offered);
      return !mismatch;
    },
  };
  return new Promise((resolve, reject) => {
    const client = new Client();
    client.once("ready", () => {
      client.removeAllListeners("error");
      // From here on a broken connection shows as a command that ends without an exit status.
      client.on("error", () => undefined);
      resolve(client);
    });
    client.once("error", (error) => {
      client.on("error", () => undefined);
      client.destroy();
      const reason = mismatch
        ? "ssh: host key mismatch"
        : error.level === "client-authentication"
          ? `ssh: unable to authenticate, attempted methods [${attempted.join(" ")}], no supported methods remain`
          : error.message;
      reject(new Error(`ssh: handshake failed: ${reason}`));
    });
    client.once("close", () => {
      reject(new Error("ssh: handshake failed: EOF"));
    });
    client.connect(config);
  });
}
