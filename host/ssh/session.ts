import type { Client, ClientCallback, ClientChannel } from "ssh2";
import { checkAgent } from "./agent";
import { commandLine } from "./commandLine";
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

/**
 * One SSH connection to the host, through the bastion where there is one.
 *
 * One thing at a time: a server may allow a single session on a connection (`MaxSessions 1`).
 */
export interface Session {
  /**
   * Runs a command given by its words; `stdin` is closed behind the text.
   *
   * What the login shell prints by itself is not in the result.
   *
   * @throws {@link HostError} when the login shell does not run it
   */
  exec(words: readonly string[], stdin: string, deadline: Deadline): Promise<CommandResult>;
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

/** Whether a channel was not opened because the connection has as many sessions as its server allows. */
export function isSessionRefused(error: Error & { reason?: unknown }): boolean {
  return error.reason !== undefined;
}

/**
 * Opens a channel of a session. sshd frees a session a moment after its channel has closed, when it has
 * waited for the command's end: one that it refuses for their number is asked for again, for a second.
 */
export function openChannel(
  open: (answer: ClientCallback) => unknown,
  answer: ClientCallback,
  tries = 10,
): void {
  open((error, channel) => {
    if (error !== undefined && isSessionRefused(error) && tries > 1) {
      setTimeout(() => {
        openChannel(open, answer, tries - 1);
      }, 100);
    } else answer(error, channel);
  });
}

/** The error for a server that opens no session. */
export function noSession(user: string): HostError {
  return new HostError(
    "login",
    `The host's sshd lets ${user} in, but opens no session for a command. Set \`MaxSessions\` in its /etc/ssh/sshd_config to 1 or more, and reload sshd.`,
  );
}

/** The line behind which the command's own output begins: before it a login shell may print. */
export const answerFollows = "--- tracks: the answer follows ---";

/** A command as it is sent: it says that its answer follows, on both streams. */
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
  const ended = new Promise<number | undefined>((resolve, reject) => {
    client.once("close", () => {
      reject(
        new HostError(
          "unreachable",
          "The host closed the connection while it was asked for its state.",
        ),
      );
    });
    const open = (answer: ClientCallback) => client.exec(framed(words), answer);
    openChannel(open, (error, channel) => {
      if (error === undefined) collect(channel, stdin, output).then(resolve, reject);
      else if (isSessionRefused(error)) reject(noSession(user));
      else
        reject(
          new HostError(
            "login",
            `The host lets the login in, but runs no command: ${error.message}`,
          ),
        );
    });
  });
  const exitCode = await deadline.race(ended, () => {
    const { stdout, stderr } = textOf(output);
    return isAnswer(stdout) || stdout + stderr === ""
      ? new HostError("unreachable", "The host stopped answering while it was asked for its state.")
      : runsNothing(user, `within ${deadline.seconds} s`, stdout, stderr);
  });
  const { stdout, stderr } = textOf(output);
  if (!isAnswer(stdout)) throw runsNothing(user, `(exit ${exitCode ?? "signal"})`, stdout, stderr);
  return { stdout: answerIn(stdout), stderr: answerIn(stderr), exitCode };
}

/** What a channel has said so far. */
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

/** The error for a login shell that runs nothing, or something else. */
export function runsNothing(user: string, how: string, stdout: string, stderr: string): HostError {
  const said = printed(`${stdout}\n${stderr}`);
  return new HostError(
    "shell",
    `The login shell of ${user} on the host runs no command ${how}${said === "" ? "" : `; it prints: ${said}`}. Give ${user} a shell that does (\`usermod -s /bin/bash ${user}\`), take a \`command="..."\` away from its line in ${user}'s ~/.ssh/authorized_keys, or set another Host.connection.user.`,
  );
}

/** The beginning of what a login printed, as one line of an error. */
export function printed(text: string): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, " ").trim();
  return line.length > 200 ? `${line.slice(0, 200)}...` : line;
}
