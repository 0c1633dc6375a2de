import { PassThrough, type Readable, type Writable } from "node:stream";
import type { Client, ClientCallback, ClientChannel } from "ssh2";
import { commandLine } from "./commandLine";
import { type Connection, privilege } from "./connection";
import { HostError } from "./error";
import {
  answerFollows,
  framed,
  noCommand,
  openChannel,
  runsNothing,
  type Session,
} from "./session";

/** A program on the host whose streams are used while it runs. */
export interface RemoteProcess {
  readonly stdin: Writable;
  /** Without what the login shell prints by itself. */
  readonly stdout: Readable;
  /** On a terminal there is nothing here: both come on {@link stdout}. */
  readonly stderr: Readable;
  /**
   * Its exit code; undefined where a signal ended it.
   *
   * @throws {@link HostError} where the login shell does not run it, or the connection is lost
   */
  readonly ended: Promise<number | undefined>;
  /** Tells a program on a terminal that the terminal's size is another. */
  resize(size: TerminalSize): void;
}

/** How large a terminal is, in characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** The terminal that a program is given. */
export interface Terminal extends TerminalSize {
  /** As TERM names it: `xterm-256color`. */
  readonly type: string;
}

/** What sudo asks with, on a terminal: nothing that a program would print. */
const prompt = "--- tracks: password ---";

/** The line after which a program's own input begins: before it is a password, which sudo may not ask for. */
const inputFollows = "--- tracks: the input follows ---";

/** Starts a program given by its words, as the login; without a terminal. */
export async function startProcess(
  session: Session,
  user: string,
  words: readonly string[],
): Promise<RemoteProcess> {
  const started = await open(session, user, (answer) => session.client.exec(framed(words), answer));
  return processOf(user, started, undefined);
}

/**
 * Starts a program as root: its stdin is the caller's, and holds no password of sudo's.
 *
 * @param terminal for a program that a person sits at. @default none
 */
export async function startAsRoot(
  session: Session,
  connection: Connection,
  words: readonly string[],
  terminal?: Terminal,
): Promise<RemoteProcess> {
  const { prefix, firstLine } = privilege(connection);
  const { user } = connection;
  if (terminal !== undefined) {
    // On a terminal sudo drops what was typed before it asked.
    const asking = prefix.map((word, at) => (prefix[at - 1] === "-p" ? prompt : word));
    return startOnTerminal(session, user, [...asking, ...marked(words)], terminal, () =>
      firstLine === undefined ? undefined : `${firstLine.reveal()}\n`,
    );
  }
  if (firstLine === undefined) return startProcess(session, user, [...prefix, ...words]);
  const skip = `while IFS= read -r line; do [ "$line" != "$0" ] || break; done; exec "$@"`;
  const process = await startProcess(session, user, [
    ...[...prefix, "sh", "-c", skip, inputFollows],
    ...words,
  ]);
  process.stdin.write(`${firstLine.reveal()}\n${inputFollows}\n`);
  return process;
}

/** Starts a program of the login on a terminal; without words, its login shell. */
export async function startAsLogin(
  session: Session,
  { user }: Connection,
  words: readonly string[],
  terminal: Terminal | undefined,
): Promise<RemoteProcess> {
  if (words.length > 0) {
    return terminal === undefined
      ? startProcess(session, user, words)
      : startOnTerminal(session, user, marked(words), terminal, () => undefined);
  }
  const window = terminal === undefined ? false : windowOf(terminal);
  const started = await open(session, user, (answer) => session.client.shell(window, answer));
  return plainProcess(started, started.channel, started.channel.stderr);
}

async function startOnTerminal(
  session: Session,
  user: string,
  words: readonly string[],
  terminal: Terminal,
  password: () => string | undefined,
): Promise<RemoteProcess> {
  const started = await open(session, user, (answer) =>
    session.client.exec(commandLine(words), { pty: windowOf(terminal) }, answer),
  );
  return processOf(user, started, password);
}

/** A command that says that its answer follows, once it has become who it is to be. */
function marked(words: readonly string[]): string[] {
  return ["sh", "-c", `echo "$0"; exec "$@"`, answerFollows, ...words];
}

function windowOf({ columns, rows, type }: Terminal) {
  return { cols: columns, rows, term: type };
}

function open(
  { client }: Session,
  user: string,
  begin: (answer: ClientCallback) => unknown,
): Promise<Started> {
  return new Promise((resolve, reject) => {
    openChannel(client, begin, (error, channel) => {
      // At once: the end of a short program comes in the same packet as its beginning.
      if (error === undefined) resolve({ channel, ended: endOf(client, channel) });
      else reject(noCommand(user, error));
    });
  });
}

/** A program whose channel is open. */
interface Started extends Pick<RemoteProcess, "ended"> {
  readonly channel: ClientChannel;
}

function endOf(client: Client, channel: ClientChannel): Promise<number | undefined> {
  // A program that ends without reading its stdin closes the channel first.
  channel.on("error", () => undefined);
  return new Promise((resolve, reject) => {
    let exitCode: number | undefined;
    let known = false;
    channel.on("exit", (code: number | null) => {
      exitCode = code ?? undefined;
      known = true;
    });
    channel.on("close", () => {
      resolve(exitCode);
    });
    client.once("close", () => {
      if (known) resolve(exitCode);
      else reject(new HostError("unreachable", { subject: "The host closed the connection" }));
    });
  });
}

/** Drops what comes before the program's own output, and answers sudo's question there. */
function processOf(
  user: string,
  started: Started,
  password: (() => string | undefined) | undefined,
): RemoteProcess {
  const { channel } = started;
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const before = { stdout: "", stderr: "" };
  let asked = false;
  let begun = false;
  const pass = (from: Readable, to: PassThrough, name: "stdout" | "stderr") => {
    let open = false;
    from.on("data", (data: Buffer) => {
      if (open) {
        if (!to.write(data)) from.pause();
        return;
      }
      // Bytes, one character each: where the output begins no character may be cut in two.
      before[name] += data.toString("latin1");
      if (!asked && before[name].includes(prompt)) {
        asked = true;
        const answer = password?.();
        if (answer !== undefined) channel.write(answer);
      }
      const found = beginning.exec(before[name]);
      if (found === null) return;
      open = true;
      if (name === "stdout") begun = true;
      const rest = before[name].slice(found.index + found[0].length);
      before[name] = before[name].slice(0, found.index);
      if (rest !== "") to.write(Buffer.from(rest, "latin1"));
    });
    to.on("drain", () => from.resume());
    from.on("end", () => to.end());
  };
  pass(channel, stdout, "stdout");
  pass(channel.stderr, stderr, "stderr");
  const process = plainProcess(started, stdout, stderr);
  const ended = process.ended.then((exitCode) => {
    if (begun) return exitCode;
    const [said, alsoSaid] = [before.stdout, before.stderr].map((text) =>
      Buffer.from(text, "latin1").toString("utf8").replace(prompt, ""),
    );
    throw runsNothing(user, `(exit ${exitCode ?? "signal"})`, said ?? "", alsoSaid ?? "");
  });
  return { ...process, ended };
}

const beginning = new RegExp(`(?:^|\\n)${answerFollows}\\r?\\n`);

function plainProcess(
  { channel, ended }: Started,
  stdout: Readable,
  stderr: Readable,
): RemoteProcess {
  return {
    stdin: channel,
    stdout,
    stderr,
    ended,
    resize: ({ columns, rows }) => {
      channel.setWindow(rows, columns, 0, 0);
    },
  };
}
