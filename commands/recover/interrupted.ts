import type { Connection } from "../../host/ssh/connection";
import { Deadline } from "../../host/ssh/deadline";
import { HostError, hostReason } from "../../host/ssh/error";
import { runVerb } from "../../host/script/verb";
import { inStackKeys } from "../../settings/argumentKeys";
import { overRootSession } from "../overRootSession";

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
export function recoverHost(connection: Connection, scope: string): Promise<string[]> {
  return overRootSession(connection, wayDeadlineSeconds, async (session) => {
    const result = await runVerb(
      session,
      connection,
      { scope, words: ["recover"], waitSeconds },
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
        reason: hostReason(result.stderr),
      });
    }
    return lines;
  });
}
