import type { Client, ClientChannel } from "ssh2";
import type { Log } from "../protocol/resource";
import { LineLog } from "./lineLog";

/** Which of a command's streams are shown while it runs; both always become outputs. */
export type Logging = "stdout" | "stderr" | "stdoutAndStderr" | "none";

/** Output of a command, each stream without one final newline. */
export interface Outputs {
  stdout: string;
  stderr: string;
}

/**
 * Runs one command through the login shell, without a terminal.
 *
 * @throws with the whole command and everything it printed when it does not exit with 0
 */
export async function runCommand(
  client: Client,
  command: string,
  options: { stdin: string; logging: Logging; log: Log },
): Promise<Outputs> {
  const { logging } = options;
  const lines = new LineLog(options.log);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const both: Buffer[] = [];
  const collect = (into: Buffer[], shown: boolean) => (chunk: Buffer) => {
    into.push(chunk);
    both.push(chunk);
    if (shown) lines.write(chunk);
  };
  const fault = await ending(client, command, (channel) => {
    channel.on("data", collect(stdout, logging === "stdout" || logging === "stdoutAndStderr"));
    const shown = logging === "stderr" || logging === "stdoutAndStderr";
    channel.stderr.on("data", collect(stderr, shown));
    // A command that does not read its input may close it before everything is sent.
    channel.on("error", () => undefined);
    channel.end(options.stdin);
  });
  await lines.end();
  if (fault !== undefined)
    throw new Error(`${fault}: running ${JSON.stringify(command)}:\n${textOf(both)}`);
  return { stdout: withoutNewline(textOf(stdout)), stderr: withoutNewline(textOf(stderr)) };
}

/**
 * Starts the command and waits for its end.
 *
 * All listeners are set before the callback returns: a short command's exit can arrive in the same
 * packet as the confirmation of its start, before any promise is resolved.
 *
 * @returns why the command did not succeed; undefined when it did
 */
function ending(
  client: Client,
  command: string,
  attach: (channel: ClientChannel) => void,
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error) {
        reject(error);
        return;
      }
      let fault: string | undefined =
        "wait: remote command exited without exit status or exit signal";
      channel.on("exit", (code: number | null, signal?: string) => {
        if (code === 0) fault = undefined;
        else if (code !== null) fault = `Process exited with status ${code}`;
        else
          fault = `Process exited with status 128 from signal ${(signal ?? "").replace(/^SIG/, "")}`;
      });
      channel.on("close", () => {
        resolve(fault);
      });
      attach(channel);
    });
  });
}

function textOf(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString("utf8");
}

function withoutNewline(text: string): string {
  return text.endsWith("\n") ? text.slice(0, -1) : text;
}
