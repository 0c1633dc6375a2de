import { connect as connectSocket, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Client, type ClientChannel } from "ssh2";
import { checkAgent } from "./agent";
import { clientOptions, type Connection, type Login } from "./connection";
import { HostError } from "./error";
import { type Endpoint, explainLogin, type LoginFailure, unreachable } from "./loginFailure";
import { publicKeyOf } from "./publicKey";
import { Deadline } from "./deadline";

/** What a command on the host left behind. */
export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Undefined when a signal ended the command. */
  readonly exitCode: number | undefined;
}

/** One SSH connection to the host, through the bastion where there is one. */
export interface Session {
  /** Runs a command in the user's login shell; `stdin` is closed behind the text. */
  exec(command: string, stdin: string, deadline: Deadline): Promise<CommandResult>;
  /** The client itself, for what is no command: SFTP and forwarding. */
  readonly client: Client;
  /** Closes the connection, and the bastion's. Nothing of it keeps the program alive after. */
  close(): void;
}

/**
 * Connects and logs in.
 *
 * @throws {@link HostError} that says which of the settings, or what on the host, is to be mended
 */
export async function openSession(connection: Connection, deadline: Deadline): Promise<Session> {
  await checkAgent(connection, deadline);
  const clients: Client[] = [];
  const sockets: Duplex[] = [];
  const close = (): void => {
    for (const client of clients.reverse()) client.end();
    for (const socket of sockets.reverse()) socket.destroy();
  };
  try {
    const { bastion } = connection;
    let socket: Duplex = await dial(bastion ?? connection, roleOf(bastion), deadline);
    sockets.push(socket);
    if (bastion !== undefined) {
      const jump = await login(bastion, "bastion", socket, deadline);
      clients.push(jump);
      socket = await forwardThrough(jump, bastion, connection, deadline);
      sockets.push(socket);
    }
    const client = await login(connection, "host", socket, deadline);
    clients.push(client);
    return { exec: (...args) => exec(client, ...args), client, close };
  } catch (error) {
    close();
    throw error;
  }
}

function roleOf(bastion: Login | undefined): Endpoint["role"] {
  return bastion === undefined ? "host" : "bastion";
}

/** A TCP connection, so that "can't be reached" is told from everything that comes after it. */
async function dial(login: Login, role: Endpoint["role"], deadline: Deadline): Promise<Socket> {
  const endpoint = { login, role };
  const socket = connectSocket({ host: login.address, port: login.port });
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
    EAI_AGAIN: "its name can't be looked up now",
    EHOSTUNREACH: "no route to it",
    ENETUNREACH: "no route to its network",
    ETIMEDOUT: "no answer",
    ECONNRESET: "it closed the connection",
  };
  return words[code] ?? code;
}

async function login(
  login: Login,
  role: Endpoint["role"],
  socket: Duplex,
  deadline: Deadline,
): Promise<Client> {
  const client = new Client();
  const failure: LoginFailure = { offered: undefined, message: "", level: "" };
  try {
    await deadline.race(
      new Promise<void>((resolve, reject) => {
        client.once("ready", resolve);
        // Stays for good: an error of a client that nobody listens to would end the program.
        client.on("error", (error: Error & { level?: string }) => {
          failure.message = error.message;
          failure.level = error.level ?? "";
          reject(error);
        });
        client.once("close", () => {
          reject(new Error("closed"));
        });
        client.connect({
          ...clientOptions(login),
          sock: socket,
          hostVerifier: (blob: Buffer) => {
            const offered = publicKeyOf(blob);
            failure.offered = offered;
            return offered?.line === login.hostKey.line;
          },
        });
      }),
      () =>
        new HostError(
          "unreachable",
          unreachable({ login, role }, "it accepts connections, but no login"),
        ),
    );
  } catch (error) {
    client.end();
    socket.destroy();
    throw error instanceof HostError ? error : explainLogin({ login, role }, failure);
  }
  return client;
}

async function forwardThrough(
  jump: Client,
  bastion: Login,
  host: Login,
  deadline: Deadline,
): Promise<Duplex> {
  const endpoint: Endpoint = { login: host, role: "host" };
  const via = `${bastion.address}:${bastion.port}`;
  return deadline.race(
    new Promise<Duplex>((resolve, reject) => {
      jump.forwardOut("127.0.0.1", 0, host.address, host.port, (error, channel) => {
        if (error === undefined) {
          resolve(channel);
        } else if (isProhibited(error)) {
          reject(
            new HostError(
              "forwarding",
              `The bastion ${via} doesn't let ${bastion.user} through to ${host.address}:${host.port}. Set \`AllowTcpForwarding yes\`, and PermitOpen if it is used, in the bastion's /etc/ssh/sshd_config.`,
            ),
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

/** Whether a channel was refused by the server's configuration, not for want of a listener. */
export function isProhibited(error: Error & { reason?: unknown }): boolean {
  return error.reason === 1 || /prohibited/i.test(error.message);
}

async function exec(
  client: Client,
  command: string,
  stdin: string,
  deadline: Deadline,
): Promise<CommandResult> {
  return deadline.race(
    new Promise<CommandResult>((resolve, reject) => {
      client.once("close", () => {
        reject(
          new HostError(
            "unreachable",
            "The host closed the connection while it was asked for its state.",
          ),
        );
      });
      client.exec(command, (error, channel) => {
        if (error === undefined) collect(channel, stdin).then(resolve, reject);
        else
          reject(
            new HostError(
              "login",
              `The host lets the login in, but runs no command: ${error.message}`,
            ),
          );
      });
    }),
    () =>
      new HostError("unreachable", "The host stopped answering while it was asked for its state."),
  );
}

async function collect(channel: ClientChannel, stdin: string): Promise<CommandResult> {
  return new Promise((resolve) => {
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let exitCode: number | undefined;
    channel.on("data", (data: Buffer) => stdout.push(data));
    channel.stderr.on("data", (data: Buffer) => stderr.push(data));
    channel.on("exit", (code: number | null) => {
      exitCode = code ?? undefined;
    });
    channel.on("close", () => {
      resolve({
        stdout: Buffer.concat(stdout).toString("utf8"),
        stderr: Buffer.concat(stderr).toString("utf8"),
        exitCode,
      });
    });
    // A command that ends without reading its stdin closes the channel first.
    channel.on("error", () => undefined);
    channel.end(stdin);
  });
}
