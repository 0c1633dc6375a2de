import type { ClientChannel } from "ssh2";
import type { Deadline } from "./deadline";
import { HostError } from "./error";
import { isProhibited } from "./route";
import type { Session } from "./session";

/** A listener as seen from the host; its loopback addresses are the host's own. */
export interface ForwardingTarget {
  readonly address: string;
  readonly port: number;
}

/**
 * Opens a byte stream to a listener, through the host.
 *
 * @throws {@link HostError}: kind `forwarding` when sshd refuses to forward, `target` when nothing
 * listens there, `unreachable` when the host stopped answering
 */
export async function forward(
  session: Session,
  target: ForwardingTarget,
  deadline: Deadline,
): Promise<ClientChannel> {
  return deadline.race(
    new Promise<ClientChannel>((resolve, reject) => {
      session.client.forwardOut("127.0.0.1", 0, target.address, target.port, (error, channel) => {
        if (error === undefined) resolve(channel);
        else if (isProhibited(error)) reject(forwardingRefused(target));
        else reject(nothingListens(target));
      });
    }),
    () =>
      new HostError("unreachable", {
        subject: "The host stopped answering while this program opened a tunnel",
      }),
  );
}

/** The error for an sshd that refuses to forward. */
export function forwardingRefused({ address, port }: ForwardingTarget): HostError {
  return new HostError("forwarding", {
    subject: `The host's sshd does not forward to ${address}:${port}`,
    fix: [
      "AllowTcpForwarding yes   (in the host's /etc/ssh/sshd_config; then reload sshd)",
      `PermitOpen ${address}:${port}   (there too, if that file uses PermitOpen)`,
      "restrict,port-forwarding   (in the login's ~/.ssh/authorized_keys, if its line begins with restrict)",
    ],
    reason: "The tunnel to PostgreSQL needs it.",
  });
}

function nothingListens({ address, port }: ForwardingTarget): HostError {
  return new HostError("target", {
    subject: `The host gets no connection to ${address}:${port}`,
    fix: [
      "service postgresql start   (where PostgreSQL does not run)",
      "or correct listen_addresses and port in its postgresql.conf",
    ],
    reason: "PostgreSQL does not run there, or listens on another address or port.",
  });
}
