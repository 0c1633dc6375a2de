import { type Connection, privilege } from "../../host/ssh/connection";
import { Deadline } from "../../host/ssh/deadline";
import { failingIn } from "../../host/ProblemError";
import { HostError } from "../../host/ssh/error";
import { checkPrivilege } from "../../preflight/host/checks";
import { hostScript } from "../../host/script/hostScript";
import type { Session } from "../../host/ssh/session";
import { overSession } from "../../preflight/host/overSession";
import { inStackKeys } from "../../settings/argumentKeys";

/** Seconds for the way to the host, up to the login. */
const wayDeadlineSeconds = 12;

/**
 * Seconds that a run still alive on the host is waited for. It goes on without its engine, and the
 * longest one installs every package.
 */
const waitSeconds = 600;

/**
 * Ends on the host what an interrupted deployment left: waits for a run that is still alive, undoes
 * or finishes one that died.
 *
 * @returns what was done, a line each
 * @throws HostError when the host can't be reached, or something on it can't be put back
 */
export async function recoverHost(connection: Connection, scope: string): Promise<string[]> {
  const deadline = new Deadline(wayDeadlineSeconds);
  return failingIn(
    inStackKeys,
    overSession(connection, deadline, async (session) => {
      await checkPrivilege(session, connection, deadline);
      return runRecover(session, connection, scope);
    }),
  );
}

/**
 * Runs the script's verb from stdin, as the preflight does: the host may have died before the
 * script was installed, or have an older one.
 */
export async function runRecover(
  session: Session,
  connection: Connection,
  scope: string,
): Promise<string[]> {
  const { prefix, firstLine } = privilege(connection);
  // Before the script there may be a sudo password that sudo didn't ask for: never run that.
  const command = `sed -n "/^#!/,\\$p" | TRACKS_LOCK_WAIT=${waitSeconds} bash -s -- --scope "$0" recover`;
  const result = await session.exec(
    [...prefix, "bash", "-c", command, scope],
    firstLine === undefined ? hostScript() : `${firstLine.reveal()}\n${hostScript()}`,
    // The script's own wait ends first, and names the run that it waited for.
    new Deadline(waitSeconds + 60),
  );
  const lines = inStackKeys(result.stdout)
    .split("\n")
    .filter((line) => line !== "");
  // The script always says something: silence means that it didn't arrive whole.
  if (result.exitCode !== 0 || lines.length === 0) {
    throw new HostError("script", {
      subject: "The host can't be recovered",
      reason: result.stderr.trim() || "The host's answer is cut off.",
    });
  }
  return lines;
}
