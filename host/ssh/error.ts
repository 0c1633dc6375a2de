import { errorOf, type ProblemParts } from "../problem";
import { ProblemError } from "../ProblemError";

/** What keeps this machine from changing the host. */
export type HostErrorKind =
  /** Nothing answers: a preview only warns of it. */
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
  /** Another program uses a tunnel's port on this machine. */
  | "local-port"
  | "distribution"
  | "shell"
  | "script"
  | "git"
  /** PostgreSQL refuses the role or its password. */
  | "postgresql-login"
  /** pg_hba.conf lists no such connection; it may list an encrypted one, or one that is not. */
  | "postgresql-unlisted"
  /** PostgreSQL ended the connection, or gave no answer. */
  | "postgresql-failed"
  /** PostgreSQL offers no TLS. */
  | "tls-absent"
  /** The certificate is not the one that was demanded. */
  | "tls-refused";

/** A problem with the host, or with the way to it, that its owner must fix. */
export class HostError extends ProblemError {
  constructor(
    readonly kind: HostErrorKind,
    problem: ProblemParts,
  ) {
    super(undefined, [errorOf(problem)], "HostError");
  }
}

/** The reason of a program on the host that failed, or whose answer is not whole, by what it said on stderr. */
export function hostReason(stderr: string): string {
  return stderr.trim() || "The host's answer is cut off.";
}

/** Whether a server that was reached refuses, which waiting for the way to it would not change. */
export function isRefusal({ kind }: HostError): boolean {
  return /^(?:postgresql|tls)-/.test(kind);
}
