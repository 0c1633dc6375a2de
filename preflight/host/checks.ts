import { type Connection, privilege } from "../../host/ssh/connection";
import type { Deadline } from "../../host/ssh/deadline";
import { HostError } from "../../host/ssh/error";
import { forward, forwardingRefused, type ForwardingTarget } from "../../host/ssh/forward";
import type { Session } from "../../host/ssh/session";
import { checkDistribution } from "./distribution";

/** Checks that bash is there and the distribution is supported; gives the distribution's name. */
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
    throw new HostError("shell", "The host has no bash: run `yum -y install bash` there.");
  }
  return distribution;
}

/**
 * Checks that the login becomes root.
 *
 * The password is sent alone and stdin closed behind it: sudo asks three times, and would read
 * the next lines as two more wrong passwords, which locks accounts.
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
  if (/must have a tty/i.test(stderr)) {
    return new HostError(
      "requiretty",
      `sudo lets ${user} run nothing without a terminal, which a deployment has not. Add \`Defaults:${user} !requiretty\` on the host with \`visudo -f /etc/sudoers.d/${user}\`.`,
    );
  }
  if (exitCode === 127 || /not found/i.test(stderr)) {
    return new HostError(
      "sudo",
      `The host has no sudo: run \`yum -y install sudo\` there, or set Host.connection.user to root.`,
    );
  }
  if (/not in the sudoers|not allowed to|may not run/i.test(stderr)) {
    return new HostError(
      "sudo",
      `sudo doesn't let ${user} run commands as root. Add \`${user} ALL=(ALL) ALL\` on the host with \`visudo -f /etc/sudoers.d/${user}\`, or set another Host.connection.user.`,
    );
  }
  if (kind === "password" && /incorrect password|try again|no password/i.test(stderr)) {
    return new HostError(
      "sudo",
      `sudo refuses the password, which was tried once: it asks for ${user}'s, or for root's where its rules say targetpw or rootpw. Correct Host.connection.privilege.password.`,
    );
  }
  if (kind === "passwordless" && /password/i.test(stderr)) {
    return new HostError(
      "sudo",
      `sudo asks ${user} for a password. Set Host.connection.privilege.password, or add \`${user} ALL=(ALL) NOPASSWD: ALL\` on the host with \`visudo -f /etc/sudoers.d/${user}\`.`,
    );
  }
  const reason = stderr.trim().split("\n").at(-1) ?? "";
  return new HostError(
    "sudo",
    `sudo fails for ${user}${reason === "" ? "" : `: ${reason}`}. See that \`sudo true\` works for that login on the host.`,
  );
}

/** Checks that sshd forwards to the target; whether something listens there is another matter. */
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
