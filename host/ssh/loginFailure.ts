import type { Login } from "./connection";
import type { ProblemParts } from "../problem";
import { HostError } from "./error";
import type { PublicKey } from "./publicKey";

/** An SSH server, and the arguments that name it. */
export interface Endpoint {
  readonly login: Pick<Login, "address" | "port">;
  readonly role: "host" | "bastion";
}

/** An SSH server that a login was tried on. */
export interface LoginEndpoint extends Endpoint {
  readonly login: Login;
}

/** A login that failed, as far as ssh2 tells. */
export interface LoginFailure {
  /** The key that the server showed; undefined when it showed none. */
  offered: PublicKey | undefined;
  message: string;
  /** Where in ssh2 it failed. */
  level: string;
}

/** The problem with a server that does not answer. */
export function unreachable({ login, role }: Endpoint, reason: string): ProblemParts {
  const [address, port] = [argument(role, "address"), argument(role, "port")];
  return {
    subject: `${server({ login, role })} can't be reached`,
    fix: [
      "check that it is up, that sshd listens on that port, and that no firewall is in between",
      `correct ${address} or ${port} where it is another server`,
    ],
    reason,
  };
}

/** The one error that says why a login failed, after TCP had connected. */
export function explainLogin(endpoint: LoginEndpoint, failure: LoginFailure): HostError {
  const { login } = endpoint;
  if (failure.offered !== undefined && failure.offered.line !== login.hostKey.line) {
    return new HostError("host-key", wrongHostKey(endpoint, failure.offered));
  }
  if (/no matching host key format/i.test(failure.message)) {
    return new HostError("host-key", noSuchHostKey(endpoint));
  }
  if (/no matching|handshake failed/i.test(failure.message) || failure.level === "handshake") {
    return new HostError("login", {
      subject: `${server(endpoint)} and this machine share no way to encrypt`,
      fix: ["allow more algorithms in its /etc/ssh/sshd_config or its crypto policy"],
      reason: failure.message,
    });
  }
  if (failure.level === "client-authentication" || failure.level === "agent") {
    return new HostError("login", refused(endpoint));
  }
  if (failure.level === "protocol") {
    return new HostError(
      "unreachable",
      unreachable(endpoint, `the server there doesn't speak SSH (${failure.message})`),
    );
  }
  return new HostError(
    "unreachable",
    unreachable(
      endpoint,
      `it closed the connection before the login${failure.message === "" ? "" : ` (${failure.message})`}`,
    ),
  );
}

function wrongHostKey(endpoint: LoginEndpoint, offered: PublicKey): ProblemParts {
  const { hostKey } = endpoint.login;
  return {
    subject: `${server(endpoint)} has another host key than the pinned one`,
    given: `${hostKey.fingerprint} (${hostKey.type}), pinned`,
    found: `${offered.fingerprint} (${offered.type})`,
    fix: [
      `set ${argument(endpoint.role, "hostKey")} to KEY   (pins the new key, after its owner has confirmed it)`,
    ],
    reason: "The server was installed again, or another machine answers in its place.",
  };
}

function noSuchHostKey(endpoint: LoginEndpoint): ProblemParts {
  const { hostKey } = endpoint.login;
  const why =
    hostKey.type === "ssh-rsa"
      ? "RSA key with SHA-1 signatures, which Enterprise Linux 9 refuses"
      : `${hostKey.type} key`;
  return {
    subject: `${server(endpoint)} does not offer the pinned key`,
    given: hostKey.fingerprint,
    found: `no ${why}`,
    fix: [
      `set ${argument(endpoint.role, "hostKey")} to KEY   (pins another key, after its owner has confirmed it)`,
    ],
  };
}

function refused(endpoint: LoginEndpoint): ProblemParts {
  const { user, identity } = endpoint.login;
  const [name, key] = [argument(endpoint.role, "user"), argument(endpoint.role, "privateKey")];
  const keys = `${user}'s ~/.ssh/authorized_keys there`;
  return identity.kind === "agent"
    ? {
        subject: `${server(endpoint)} refuses ${user}`,
        given: "every key of the SSH agent",
        fix: [`add a line of \`ssh-add -L\` to ${keys}`, `or correct ${name}`],
      }
    : {
        subject: `${server(endpoint)} refuses ${user}`,
        given: `the key ${identity.fingerprint}`,
        fix: [
          `add its public half to ${keys}`,
          `check that sshd lets ${user} log in there: PermitRootLogin, AllowUsers`,
          `or correct ${name} or ${key}`,
        ],
      };
}

function server({ login, role }: Endpoint): string {
  const address = `${login.address}:${login.port}`;
  return role === "bastion" ? `The bastion ${address}` : `The host ${address}`;
}

/** Name of an argument of `connectionTo`, for the host's or the bastion's login. */
function argument(
  role: Endpoint["role"],
  name: "address" | "port" | "user" | "hostKey" | "privateKey",
): string {
  return `Connection.${role === "bastion" ? "bastion." : ""}${name}`;
}
