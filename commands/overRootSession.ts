import { failingIn } from "../host/ProblemError";
import type { Connection } from "../host/ssh/connection";
import { Deadline } from "../host/ssh/deadline";
import type { Session } from "../host/ssh/session";
import { checkPrivilege } from "../preflight/host/checks";
import { overSession } from "../preflight/host/overSession";
import { inStackKeys } from "../settings/argumentKeys";

/**
 * Logs in to the host, checks that the login becomes root, does `work` there, and closes the connection.
 *
 * @param seconds time for the login and the check
 * @throws {@link ProblemError} in the settings' terms
 */
export function overRootSession<T>(
  connection: Connection,
  seconds: number,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const deadline = new Deadline(seconds);
  return failingIn(
    inStackKeys,
    overSession(connection, deadline, async (session) => {
      await checkPrivilege(session, connection, deadline);
      return work(session);
    }),
  );
}
