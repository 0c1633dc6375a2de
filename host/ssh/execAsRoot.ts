import { type Connection, privilege } from "./connection";
import type { Deadline } from "./deadline";
import type { CommandResult, Session } from "./session";

/**
 * Runs a command as root, and closes its stdin after the text.
 *
 * Where sudo has a password, the text comes after it: a command that reads its stdin must skip the first
 * line if sudo did not ask. Check the login with `checkPrivilege` first, since sudo would take the next lines
 * as two more wrong passwords.
 */
export function execAsRoot(
  session: Session,
  connection: Connection,
  words: readonly string[],
  stdin: string,
  deadline: Deadline,
): Promise<CommandResult> {
  const { prefix, firstLine } = privilege(connection);
  const password = firstLine === undefined ? "" : `${firstLine.reveal()}\n`;
  return session.exec([...prefix, ...words], password + stdin, deadline);
}
