import { UserError } from "./userError";

/** What stands between this machine and a host that can be changed. */
export type HostErrorKind =
  /** Nothing answers: the one kind that a preview only warns of. */
  | "unreachable"
  | "host-key"
  | "login"
  | "agent"
  | "sudo"
  | "requiretty"
  | "sftp"
  | "forwarding"
  /** Nothing listens where a tunnel leads. */
  | "target"
  /** A tunnel's port on this machine is taken. */
  | "local-port"
  | "distribution"
  | "shell"
  | "script"
  | "git";

/** One thing about the host that its owner must mend; the message says how. */
export class HostError extends UserError {
  constructor(
    readonly kind: HostErrorKind,
    message: string,
  ) {
    super("HostError", message);
  }
}
