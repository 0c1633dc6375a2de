import type { Connection } from "../../host/ssh/connection";
import type { Deadline } from "../../host/ssh/deadline";
import { openSession, type Session } from "../../host/ssh/session";

/**
 * Logs in to the host, does `work` there, and closes the connection.
 *
 * @param deadline for the login
 */
export async function overSession<T>(
  connection: Connection,
  deadline: Deadline,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await openSession(connection, deadline);
  try {
    return await work(session);
  } finally {
    session.close();
  }
}
