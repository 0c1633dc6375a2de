import type { Connection } from "../../host/ssh/connection";
import type { Deadline } from "../../host/ssh/deadline";
import { openSession, type Session } from "../../host/ssh/session";
import { failingInStackKeys } from "../../settings/argumentKeys";

/**
 * Logs in to the host, does `work` there, and closes the connection.
 *
 * @param deadline for the login
 * @throws what either throws; a `UserError` names the stack's settings
 */
export async function overSession<T>(
  connection: Connection,
  deadline: Deadline,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await failingInStackKeys(openSession(connection, deadline));
  try {
    return await failingInStackKeys(work(session));
  } finally {
    session.close();
  }
}
