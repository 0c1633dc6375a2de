import type { Client, ClientChannel } from "ssh2";
import { checkAgent } from "./agent";
import type { Connection } from "./connection";
import type { Deadline } from "./deadline";
import { HostError } from "./error";
import { logIn } from "./login";
import { findRoute } from "./route";

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
  /** Lets the program end while the connection is open. */
  unref(): void;
}

/**
 * Connects and logs in.
 *
 * @throws {@link HostError} that says which of the settings, or what on the host, is to be mended
 */
export async function openSession(connection: Connection, deadline: Deadline): Promise<Session> {
  await checkAgent(connection, deadline);
  const route = await findRoute(connection, connection.bastion, deadline);
  try {
    const client = await logIn({ login: connection, role: "host" }, route.socket, deadline);
    return {
      exec: (...args) => exec(client, ...args),
      client,
      close: () => {
        client.destroy();
        route.close();
      },
      unref: () => {
        route.unref();
      },
    };
  } catch (error) {
    route.close();
    throw error;
  }
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
