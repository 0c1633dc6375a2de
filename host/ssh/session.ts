import type { Client, ClientCallback, ClientChannel } from "ssh2";
import { checkAgent } from "./agent";
import { commandLine } from "./commandLine";
import type { Connection } from "./connection";
import type { Deadline } from "./deadline";
import { HostError } from "./error";
import { logIn } from "./login";
import { findRoute } from "./route";

/** Output and exit code of a command on the host. */
export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Undefined when a signal ended the command. */
  readonly exitCode: number | undefined;
}

/**
 * One SSH connection to the host, through the bastion where there is one.
 *
 * Commands may run at the same time. Where the server allows fewer sessions on a connection (`MaxSessions`), one
 * waits for another to end.
 */
export interface Session {
  /**
   * Runs a command, given as a list of words; closes its stdin after the text.
   *
   * The result leaves out what the login shell prints itself.
   *
   * @throws {@link HostError} when the login shell does not run it
   */
  exec(words: readonly string[], stdin: string, deadline: Deadline): Promise<CommandResult>;
  /** The client itself, for SFTP and forwarding. */
  readonly client: Client;
  /** Closes the connection, and the bastion's: after that neither keeps the program alive. */
  close(): void;
  /** Lets the program end while the connection is open. */
  unref(): void;
}

/**
 * Connects and logs in.
 *
 * @throws {@link HostError} that says which of the arguments, or what on the host, must be fixed
 */
export async function openSession(connection: Connection, deadline: Deadline): Promise<Session> {
  await checkAgent(connection, deadline);
  const route = await findRoute(connection, connection.bastion, deadline);
  try {
    const client = await logIn({ login: connection, role: "host" }, route.socket, deadline);
    return {
      exec: (...args) => exec(client, connection.user, ...args),
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

/** Whether the server refused a channel because the connection has all the sessions that it may have. */
export function isSessionRefused(error: Error & { reason?: unknown }): boolean {
  return error.reason !== undefined;
}

/** Channels that are open, by their connection. */
const openChannels = new WeakMap<Client, Set<ClientChannel>>();

/**
 * Opens a channel of a session.
 *
 * One that the server refuses for their number is tried again when another has closed. sshd frees a session a
 * moment after that, when the command has ended: then it is tried for a second.
 *
 * @param begin asks the connection for the channel
 */
export function openChannel(
  client: Client,
  begin: (answer: ClientCallback) => unknown,
  answer: ClientCallback,
  tries = 10,
): void {
  const channels = openChannels.get(client) ?? new Set<ClientChannel>();
  openChannels.set(client, channels);
  begin((error, channel) => {
    const [another] = channels;
    if (error === undefined) {
      channels.add(channel);
      channel.once("close", () => channels.delete(channel));
    } else if (isSessionRefused(error) && another !== undefined) {
      another.once("close", () => {
        openChannel(client, begin, answer, tries);
      });
      return;
    } else if (isSessionRefused(error) && tries > 1) {
      setTimeout(() => {
        openChannel(client, begin, answer, tries - 1);
      }, 100);
      return;
    }
    answer(error, channel);
  });
}

/** The error for a login that runs no command: the server opens no session, or none for a command. */
export function noCommand(user: string, error: Error): HostError {
  if (!isSessionRefused(error)) {
    return new HostError("login", {
      subject: `The host lets ${user} log in, but runs no command`,
      reason: error.message,
    });
  }
  return new HostError("login", {
    subject: `The host's sshd lets ${user} log in, but opens no session for a command`,
    fix: ["MaxSessions 1   (or more, in the host's /etc/ssh/sshd_config; then reload sshd)"],
  });
}

/** The line after which the command's own output begins: a login shell may print before it. */
export const answerFollows = "--- tracks: the answer follows ---";

/** A command as this program sends it: before its output it prints that line on both streams. */
export function framed(words: readonly string[]): string {
  return commandLine(["sh", "-c", `echo "$0"; echo "$0" >&2; exec "$@"`, answerFollows, ...words]);
}

async function exec(
  client: Client,
  user: string,
  words: readonly string[],
  stdin: string,
  deadline: Deadline,
): Promise<CommandResult> {
  const output: Output = { stdout: [], stderr: [] };
  let lost = (): void => undefined;
  const ended = new Promise<number | undefined>((resolve, reject) => {
    lost = () => {
      reject(
        new HostError("unreachable", {
          subject: "The host closed the connection while this program read its state",
        }),
      );
    };
    client.once("close", lost);
    const begin = (answer: ClientCallback) => client.exec(framed(words), answer);
    openChannel(client, begin, (error, channel) => {
      if (error === undefined) collect(channel, stdin, output).then(resolve, reject);
      else reject(noCommand(user, error));
    });
  }).finally(() => client.off("close", lost));
  const exitCode = await deadline.race(ended, () => {
    const { stdout, stderr } = textOf(output);
    return isAnswer(stdout) || stdout + stderr === ""
      ? new HostError("unreachable", {
          subject: "The host stopped answering while this program read its state",
        })
      : runsNothing(user, `within ${deadline.seconds} s`, stdout, stderr);
  });
  const { stdout, stderr } = textOf(output);
  if (!isAnswer(stdout)) throw runsNothing(user, `(exit ${exitCode ?? "signal"})`, stdout, stderr);
  return { stdout: answerIn(stdout), stderr: answerIn(stderr), exitCode };
}

/** Output of a channel so far. */
interface Output {
  readonly stdout: Buffer[];
  readonly stderr: Buffer[];
}

function textOf({ stdout, stderr }: Output): Omit<CommandResult, "exitCode"> {
  return {
    stdout: Buffer.concat(stdout).toString("utf8"),
    stderr: Buffer.concat(stderr).toString("utf8"),
  };
}

/** Fills `output` until the channel is closed; resolves with the exit code. */
async function collect(
  channel: ClientChannel,
  stdin: string,
  output: Output,
): Promise<number | undefined> {
  return new Promise((resolve) => {
    let exitCode: number | undefined;
    channel.on("data", (data: Buffer) => output.stdout.push(data));
    channel.stderr.on("data", (data: Buffer) => output.stderr.push(data));
    channel.on("exit", (code: number | null) => {
      exitCode = code ?? undefined;
    });
    channel.on("close", () => {
      resolve(exitCode);
    });
    // A command that ends without reading its stdin closes the channel first.
    channel.on("error", () => undefined);
    channel.end(stdin);
  });
}

const beginning = new RegExp(`^(?:[^]*\\n)?${answerFollows}\\n`);

function isAnswer(text: string): boolean {
  return beginning.test(text);
}

function answerIn(text: string): string {
  return text.replace(beginning, "");
}

/** The error for a login shell that runs no command, or another one. */
export function runsNothing(user: string, how: string, stdout: string, stderr: string): HostError {
  return new HostError("shell", {
    subject: `The login shell of ${user} on the host runs no command ${how}`,
    fix: [
      `usermod -s /bin/bash ${user}   (on the host, as root: gives ${user} another shell)`,
      `or remove \`command="..."\` from its line in ${user}'s ~/.ssh/authorized_keys`,
      "or set Connection.user to another login",
    ],
    reason: printed(`${stdout}\n${stderr}`) || "It prints nothing.",
  });
}

/** The beginning of a login's output, as one line of an error. */
export function printed(text: string): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, " ").trim();
  return line.length > 200 ? `${line.slice(0, 200)}...` : line;
}
