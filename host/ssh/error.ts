import { UserError } from "../userError";

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

/**
 * What failed, in the host's own words: of several lines the last one is the reason and stands behind
 * `what`, the others stay lines above it.
 *
 * @param silence the reason where nothing was said
 */
export function inWords(what: string, said: string, silence: string): string {
  const lines = said.trim().split("\n");
  const reason = lines.pop();
  return [...lines, `${what}: ${reason === undefined || reason === "" ? silence : reason}`].join(
    "\n",
  );
}

/** One thing about the host that its owner must mend; the message says how. */
export class HostError extends UserError {
  constructor(
    readonly kind: HostErrorKind,
    message: string,
  ) {
    super("HostError", message);
  }
}
