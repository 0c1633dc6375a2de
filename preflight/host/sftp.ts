import type { ClientCallback } from "ssh2";
import type { Deadline } from "../../host/ssh/deadline";
import type { ProblemParts } from "../../host/problem";
import { HostError } from "../../host/ssh/error";
import { isSessionRefused, openChannel, printed, type Session } from "../../host/ssh/session";

/** SFTP's greeting (SSH_FXP_INIT) of version 3: length, type, version. */
const greeting = Buffer.from([0, 0, 0, 5, 1, 0, 0, 0, 3]);

/** Type of the packet that answers it (SSH_FXP_VERSION), after four bytes of length. */
const versionType = 2;

/**
 * Checks that the host accepts copies of files.
 *
 * @throws {@link HostError} that says which of four problems prevents it
 */
export async function checkSftp(session: Session, user: string, deadline: Deadline): Promise<void> {
  await deadline.race(
    new Promise<void>((resolve, reject) => {
      const fail = (problem: ProblemParts): void => {
        reject(new HostError("sftp", problem));
      };
      const begin = (answer: ClientCallback) => session.client.subsys("sftp", answer);
      openChannel(session.client, begin, (error, channel) => {
        if (error !== undefined) {
          fail(isSessionRefused(error) ? tooFewSessions : noSubsystem);
          return;
        }
        let answer = Buffer.alloc(0);
        let stderr = "";
        let isReady = false;
        channel.on("data", (data: Buffer) => {
          answer = Buffer.concat([answer, data]);
          if (isReady || answer.length <= greeting.indexOf(1)) return;
          isReady = answer[0] === 0 && answer[4] === versionType;
          // The server ends after its input; the next session may have to wait for that.
          if (isReady) channel.end();
          else channel.destroy();
        });
        channel.stderr.on("data", (data: Buffer) => (stderr += data.toString("utf8")));
        channel.on("error", () => undefined);
        channel.on("close", () => {
          if (isReady) resolve();
          else if (answer.length > 0) fail(loginPrints(user, answer.toString("utf8")));
          else fail(doesNotStart(printed(stderr)));
        });
        channel.write(greeting);
      });
    }),
    () =>
      new HostError("sftp", { subject: "The host's SFTP server doesn't answer", fix: serverFix }),
  );
}

const subsystem =
  "Subsystem sftp /usr/libexec/openssh/sftp-server   (in the host's /etc/ssh/sshd_config; then reload sshd)";

const serverFix = [subsystem, "yum -y install openssh-server   (where that program is missing)"];

const noSubsystem: ProblemParts = {
  subject: "The host's sshd offers no SFTP, which copies files",
  fix: [subsystem],
};

const tooFewSessions: ProblemParts = {
  subject: "The host's sshd opens no session for SFTP, which copies files",
  fix: ["MaxSessions 1   (or more, in the host's /etc/ssh/sshd_config; then reload sshd)"],
};

function loginPrints(user: string, text: string): ProblemParts {
  return {
    subject: `The login shell of ${user} on the host prints text where SFTP expects its packets`,
    found: printed(text),
    fix: [
      `[[ $- == *i* ]] || return   (in ${user}'s ~/.bashrc, or its shell's own file, before the line that prints)`,
    ],
  };
}

function doesNotStart(stderr: string): ProblemParts {
  return {
    subject: "The host's SFTP server, which copies files, doesn't start",
    fix: serverFix,
    reason: stderr === "" ? undefined : stderr,
  };
}
