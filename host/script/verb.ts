import { type Connection, privilege } from "../ssh/connection";
import type { Deadline } from "../ssh/deadline";
import { HostError, hostReason } from "../ssh/error";
import { execAsRoot } from "../ssh/execAsRoot";
import { type RemoteProcess, startProcess } from "../ssh/process";
import type { CommandResult, Session } from "../ssh/session";
import { hostScript } from "./hostScript";

/** One run of the host script, sent as it is here: the host may have none, or an older one. */
export interface VerbRun {
  /** Which stack asks: `PROJECT.STACK`. */
  readonly scope: string;
  /** The verb and its words. */
  readonly words: readonly string[];
  /** Seconds that another run is waited for. @default the script's own */
  readonly waitSeconds?: number;
  /** Text of the script. @default this program's own */
  readonly script?: string;
}

/** Runs a verb as root, and collects what it says. */
export function runVerb(
  session: Session,
  connection: Connection,
  { scope, words, waitSeconds, script = hostScript() }: VerbRun,
  deadline: Deadline,
): Promise<CommandResult> {
  // What stands before the script is a sudo password that sudo didn't ask for: never run that. The
  // script comes to bash in a file, since bash reads a pipe byte by byte.
  const command = [
    ...waitLines(waitSeconds),
    `script=$(sed -n "/^#!/,\\$p")`,
    `bash -s -- --scope "$0" "$@" <<<"$script"`,
  ].join("; ");
  return execAsRoot(
    session,
    connection,
    ["bash", "-c", command, scope, ...words],
    script,
    deadline,
  );
}

function waitLines(seconds: number | undefined): string[] {
  return seconds === undefined ? [] : [`export TRACKS_LOCK_WAIT=${seconds}`];
}

/** Output of a verb that succeeded. @throws {@link HostError} with the host's own words */
export async function verbAnswer(
  what: string,
  session: Session,
  connection: Connection,
  run: VerbRun,
  deadline: Deadline,
): Promise<string> {
  const { exitCode, stdout, stderr } = await runVerb(session, connection, run, deadline);
  if (exitCode === 0) return stdout;
  throw new HostError("script", { subject: what, reason: hostReason(stderr) });
}

/**
 * Starts a verb as root whose output is wanted as it comes. Its descriptor 3 is at its end when nobody
 * listens any more.
 */
export async function startVerb(
  session: Session,
  connection: Connection,
  { scope, words, waitSeconds, script = hostScript() }: VerbRun,
): Promise<RemoteProcess> {
  const { prefix, firstLine } = privilege(connection);
  const rest = Buffer.byteLength(script) - script.indexOf("\n") - 1;
  // Not one byte more is read than the script has: stdin stays open, and its end is the end of the run.
  const command = [
    ...waitLines(waitSeconds),
    `IFS= read -r line`,
    `[[ $line == "#!"* ]] || IFS= read -r line`,
    `script=$(head -c ${rest})`,
    `exec 3<&0`,
    `exec bash -s -- --scope "$0" "$@" <<<"$script"`,
  ].join("; ");
  const process = await startProcess(session, connection.user, [
    ...[...prefix, "bash", "-c", command, scope],
    ...words,
  ]);
  if (firstLine !== undefined) process.stdin.write(`${firstLine.reveal()}\n`);
  process.stdin.write(script);
  return process;
}
