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
 * @throws {@link HostError}: kind `forwarding` when sshd doesn't let it through, `target` when
 * nothing listens there, `unreachable` when the host stopped answering
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
    () => new HostError("unreachable", "The host stopped answering while a tunnel was opened."),
  );
}

/** The error for an sshd that forwards nothing. */
export function forwardingRefused({ address, port }: ForwardingTarget): HostError {
  return new HostError(
    "forwarding",
    `The host's sshd forwards nothing to ${address}:${port}, which the tunnel to PostgreSQL needs. Set \`AllowTcpForwarding yes\`, and \`PermitOpen ${address}:${port}\` if PermitOpen is used, in its /etc/ssh/sshd_config and reload sshd.`,
  );
}

function nothingListens({ address, port }: ForwardingTarget): HostError {
  return new HostError(
    "target",
    `The host gets no connection to ${address}:${port}: PostgreSQL doesn't run there, or listens on another address or port. Start it (\`service postgresql start\`), or see listen_addresses and port in its postgresql.conf.`,
  );
}
