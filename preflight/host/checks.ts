import { type Connection, privilege } from "../../host/ssh/connection";
import type { Deadline } from "../../host/ssh/deadline";
import { HostError } from "../../host/ssh/error";
import { forward, forwardingRefused, type ForwardingTarget } from "../../host/ssh/forward";
import type { Session } from "../../host/ssh/session";
import { checkDistribution } from "./distribution";

/** Checks that the host has bash and a supported distribution; returns the distribution's name. */
export async function checkSystem(session: Session, deadline: Deadline): Promise<string> {
  const question = [
    `sed -n "1s/^/release: /p" /etc/redhat-release`,
    `sed -n "s/^PRETTY_NAME=/os: /p" /etc/os-release`,
    `command -v bash | sed "s/^/bash: /"`,
  ].join("; ");
  const { stdout } = await session.exec(["sh", "-c", question], "", deadline);
  const answer = (name: string): string | undefined =>
    new RegExp(`^${name}: "?([^"\\n]*)`, "m").exec(stdout)?.[1];
  const distribution = checkDistribution(answer("release"), answer("os"));
  if (answer("bash") === undefined) {
    throw new HostError("shell", {
      subject: "The host has no bash",
      fix: ["yum -y install bash   (on the host, as root)"],
    });
  }
  return distribution;
}

/**
 * Checks that the login becomes root.
 *
 * It sends the password alone and closes stdin: sudo asks three times, and would read the next
 * lines as two more wrong passwords, which locks accounts.
 */
export async function checkPrivilege(
  session: Session,
  connection: Connection,
  deadline: Deadline,
): Promise<void> {
  if (connection.privilege.kind === "root") return;
  const { prefix, firstLine } = privilege(connection);
  const stdin = firstLine === undefined ? "" : `${firstLine.reveal()}\n`;
  const result = await session.exec(["env", "LC_ALL=C", ...prefix, "true"], stdin, deadline);
  if (result.exitCode !== 0) throw explainSudo(connection, result.stderr, result.exitCode);
}

function explainSudo(
  { user, privilege: { kind } }: Connection,
  stderr: string,
  exitCode: number | undefined,
): HostError {
  const rule = (line: string): string =>
    `${line}   (on the host, by: visudo -f /etc/sudoers.d/${user})`;
  if (/must have a tty/i.test(stderr)) {
    return new HostError("requiretty", {
      subject: `sudo refuses ${user} without a terminal`,
      fix: [rule(`Defaults:${user} !requiretty`)],
      reason: "A deployment has no terminal.",
    });
  }
  if (exitCode === 127 || /not found/i.test(stderr)) {
    return new HostError("sudo", {
      subject: "The host has no sudo",
      fix: ["yum -y install sudo   (on the host, as root)", "or set Connection.user to root"],
    });
  }
  if (/not in the sudoers|not allowed to|may not run/i.test(stderr)) {
    return new HostError("sudo", {
      subject: `sudo does not let ${user} run commands as root`,
      fix: [rule(`${user} ALL=(ALL) ALL`), "or set Connection.user to another login"],
    });
  }
  if (kind === "password" && /incorrect password|try again|no password/i.test(stderr)) {
    return new HostError("sudo", {
      subject: `sudo refuses the password of ${user}, which it was given once`,
      allowed: `${user}'s password; root's where the rules of sudo say targetpw or rootpw`,
      fix: ["correct Connection.sudoPassword"],
    });
  }
  if (kind === "passwordless" && /password/i.test(stderr)) {
    return new HostError("sudo", {
      subject: `sudo asks ${user} for a password`,
      fix: [
        "set Connection.sudoPassword to PASSWORD",
        `or ${rule(`${user} ALL=(ALL) NOPASSWD: ALL`)}`,
      ],
    });
  }
  return new HostError("sudo", {
    subject: `sudo fails for ${user}`,
    fix: ["make `sudo true` work for that login on the host"],
    reason: stderr.trim() || undefined,
  });
}

/** Checks that sshd forwards to the target, whether or not something listens there. */
export async function checkForwarding(
  session: Session,
  target: ForwardingTarget,
  deadline: Deadline,
): Promise<void> {
  try {
    (await forward(session, target, deadline)).destroy();
  } catch (error) {
    if (error instanceof HostError && error.kind === "target") return;
    throw forwardingRefused(target);
  }
}
