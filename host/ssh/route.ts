import { connect as connectSocket, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import type { Login } from "./connection";
import type { Deadline } from "./deadline";
import { HostError } from "./error";
import { logIn } from "./login";
import { type Endpoint, unreachable } from "./loginFailure";

/** A byte stream to an SSH server, direct or through a bastion. */
export interface Route {
  readonly socket: Duplex;
  /** Closes the stream, and the connection to the bastion. */
  close(): void;
  /** Lets the program end while the connection is open. */
  unref(): void;
}

/** Where an SSH server listens. */
export interface Address {
  readonly address: string;
  readonly port: number;
}

/**
 * Finds the way to an SSH server.
 *
 * @throws {@link HostError} when it, or the bastion, can't be reached
 */
export async function findRoute(
  target: Address,
  bastion: Login | undefined,
  deadline: Deadline,
): Promise<Route> {
  if (bastion === undefined) {
    const socket = await dial({ login: target, role: "host" }, deadline);
    return { socket, close: () => socket.destroy(), unref: () => socket.unref() };
  }
  const endpoint = { login: bastion, role: "bastion" } as const;
  const jumpSocket = await dial(endpoint, deadline);
  const jump = await logIn(endpoint, jumpSocket, deadline);
  try {
    const socket = await forwardThrough(jump, bastion, target, deadline);
    return {
      socket,
      close: () => {
        socket.destroy();
        jump.destroy();
      },
      unref: () => jumpSocket.unref(),
    };
  } catch (error) {
    jump.destroy();
    throw error;
  }
}

/** A TCP connection of its own: a server that can't be reached is another error than all that follow. */
async function dial(endpoint: Endpoint, deadline: Deadline): Promise<Socket> {
  const { address, port } = endpoint.login;
  // A host that died never says so, and a tunnel is waited for as long as a database may take.
  const keep = { keepAlive: true, keepAliveInitialDelay: 15_000 };
  const socket = connectSocket({ host: address, port, ...keep });
  try {
    await deadline.race(
      new Promise<void>((resolve, reject) => {
        socket.once("connect", resolve);
        socket.once("error", reject);
      }),
      () => new HostError("unreachable", unreachable(endpoint, "no answer")),
    );
  } catch (error) {
    socket.destroy();
    if (error instanceof HostError) throw error;
    throw new HostError("unreachable", unreachable(endpoint, socketReason(error)));
  }
  return socket;
}

/** Why a socket failed; several addresses of one name fail together in an AggregateError. */
function socketReason(error: unknown): string {
  const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : [error];
  const code = (first as NodeJS.ErrnoException | undefined)?.code ?? "unknown";
  const words: Record<string, string> = {
    ECONNREFUSED: "connection refused",
    ENOTFOUND: "no such host name",
    EAI_AGAIN: "its name can't be looked up at the moment",
    EHOSTUNREACH: "no route to it",
    ENETUNREACH: "no route to its network",
    ETIMEDOUT: "no answer",
    ECONNRESET: "it closed the connection",
  };
  return words[code] ?? code;
}

async function forwardThrough(
  jump: Client,
  bastion: Login,
  target: Address,
  deadline: Deadline,
): Promise<Duplex> {
  const endpoint: Endpoint = { login: target, role: "host" };
  const via = `${bastion.address}:${bastion.port}`;
  return deadline.race(
    new Promise<Duplex>((resolve, reject) => {
      jump.forwardOut("127.0.0.1", 0, target.address, target.port, (error, channel) => {
        if (error === undefined) {
          resolve(channel);
        } else if (isProhibited(error)) {
          reject(
            new HostError("forwarding", {
              subject: `The bastion ${via} does not forward ${bastion.user} to ${target.address}:${target.port}`,
              fix: [
                "AllowTcpForwarding yes   (in the bastion's /etc/ssh/sshd_config; then reload sshd)",
                `PermitOpen ${target.address}:${target.port}   (there too, if that file uses PermitOpen)`,
              ],
            }),
          );
        } else {
          reject(
            new HostError(
              "unreachable",
              unreachable(endpoint, `the bastion ${via} gets no connection to it`),
            ),
          );
        }
      });
    }),
    () =>
      new HostError("unreachable", unreachable(endpoint, `no answer through the bastion ${via}`)),
  );
}

/** Whether the server's configuration refused a channel; else nothing listens at its end. */
export function isProhibited(error: Error & { reason?: unknown }): boolean {
  return error.reason === 1 || /prohibited/i.test(error.message);
}
