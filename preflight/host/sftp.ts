import type { ClientCallback } from "ssh2";
import type { Deadline } from "../../host/ssh/deadline";
import { HostError } from "../../host/ssh/error";
import { isSessionRefused, openChannel, printed, type Session } from "../../host/ssh/session";

/** SFTP's greeting (SSH_FXP_INIT) of version 3: length, type, version. */
const greeting = Buffer.from([0, 0, 0, 5, 1, 0, 0, 0, 3]);

/** Type of the packet that answers it (SSH_FXP_VERSION), which stands behind four bytes of length. */
const versionType = 2;

/**
 * Checks that files can be copied to the host.
 *
 * @throws {@link HostError} that tells which of four things is in the way
 */
export async function checkSftp(session: Session, user: string, deadline: Deadline): Promise<void> {
  await deadline.race(
    new Promise<void>((resolve, reject) => {
      const fail = (message: string): void => {
        reject(new HostError("sftp", message));
      };
      const open = (answer: ClientCallback) => session.client.subsys("sftp", answer);
      openChannel(open, (error, channel) => {
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
          // The server ends behind its input's end; the next session may have to wait for that.
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
    () => new HostError("sftp", `The host's SFTP doesn't answer. ${subsystem}`),
  );
}

const subsystem =
  "See that `Subsystem sftp /usr/libexec/openssh/sftp-server` stands in the host's /etc/ssh/sshd_config, that this program is there (`yum -y install openssh-server`), and reload sshd.";

const noSubsystem =
  "The host offers no SFTP, which copying files needs. Add `Subsystem sftp /usr/libexec/openssh/sftp-server` to the host's /etc/ssh/sshd_config and reload sshd.";

const tooFewSessions =
  "The host's sshd opens no session for SFTP, which copying files needs. Set `MaxSessions` in its /etc/ssh/sshd_config to 1 or more, and reload sshd.";

function loginPrints(user: string, text: string): string {
  return `The login of ${user} on the host prints text where SFTP, which copying files needs, expects its own packets: ${printed(text)}. Let ${user}'s ~/.bashrc (or its shell's own file) print only at a terminal: put \`[[ $- == *i* ]] || return\` in front of what prints.`;
}

function doesNotStart(stderr: string): string {
  return `The host's SFTP, which copying files needs, doesn't start${stderr === "" ? "" : `: ${stderr}`}. ${subsystem}`;
}
