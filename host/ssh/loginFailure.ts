import type { Login } from "./connection";
import { HostError } from "./error";
import type { PublicKey } from "./publicKey";

/** The server that was talked to, and which arguments it comes from. */
export interface Endpoint {
  readonly login: Pick<Login, "address" | "port">;
  readonly role: "host" | "bastion";
}

/** One that a login was tried on. */
export interface LoginEndpoint extends Endpoint {
  readonly login: Login;
}

/** What is known of a login that failed. */
export interface LoginFailure {
  /** The key that the server showed; undefined when it came to none. */
  offered: PublicKey | undefined;
  message: string;
  /** Where in ssh2 it failed. */
  level: string;
}

/** Message for a server that doesn't answer. */
export function unreachable({ login, role }: Endpoint, reason: string): string {
  const [address, port] = [argument(role, "address"), argument(role, "port")];
  return `${server({ login, role })} can't be reached: ${reason}. Is it up, is sshd listening there, does a firewall stand in between? Are ${address} and ${port} right?`;
}

/** The one error that says why a login failed, once TCP was there. */
export function explainLogin(endpoint: LoginEndpoint, failure: LoginFailure): HostError {
  const { login } = endpoint;
  if (failure.offered !== undefined && failure.offered.line !== login.hostKey.line) {
    return new HostError("host-key", wrongHostKey(endpoint, failure.offered));
  }
  if (/no matching host key format/i.test(failure.message)) {
    return new HostError("host-key", noSuchHostKey(endpoint));
  }
  if (/no matching|handshake failed/i.test(failure.message) || failure.level === "handshake") {
    return new HostError(
      "login",
      `${server(endpoint)} and this machine find no common way to encrypt: ${failure.message}. Its /etc/ssh/sshd_config or crypto policy allows too little.`,
    );
  }
  if (failure.level === "client-authentication" || failure.level === "agent") {
    return new HostError("login", refused(endpoint));
  }
  if (failure.level === "protocol") {
    return new HostError(
      "unreachable",
      unreachable(endpoint, `what answers there doesn't speak SSH (${failure.message})`),
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

function wrongHostKey(endpoint: LoginEndpoint, offered: PublicKey): string {
  const { hostKey } = endpoint.login;
  return [
    `${server(endpoint)} proves another host key than the one pinned: it was installed anew, or somebody stands in between.`,
    `  pinned:  ${hostKey.fingerprint} (${hostKey.type})`,
    `  offered: ${offered.fingerprint} (${offered.type})`,
    `When its owner confirms the offered one, pin it: ${hostKeyCommand(endpoint)}`,
  ].join("\n");
}

function noSuchHostKey(endpoint: LoginEndpoint): string {
  const { hostKey } = endpoint.login;
  const why =
    hostKey.type === "ssh-rsa"
      ? "RSA key with SHA-1 signatures, which Enterprise Linux 9 refuses"
      : `${hostKey.type} key`;
  return [
    `${server(endpoint)} offers no ${why}: the pinned key ${hostKey.fingerprint} can't be checked.`,
    `See what it offers, confirm it with its owner, and pin it: ${hostKeyCommand(endpoint)}`,
  ].join("\n");
}

function refused(endpoint: LoginEndpoint): string {
  const { user, identity } = endpoint.login;
  const [name, key] = [argument(endpoint.role, "user"), argument(endpoint.role, "identity")];
  return identity.kind === "agent"
    ? `${server(endpoint)} refuses ${user} with every key of the SSH agent. Add one of them (\`ssh-add -L\`) to ${user}'s ~/.ssh/authorized_keys there, or correct ${name}.`
    : `${server(endpoint)} refuses ${user} with the key ${identity.fingerprint}. Add its public half to ${user}'s ~/.ssh/authorized_keys there (and see that sshd lets ${user} log in: PermitRootLogin, AllowUsers), or correct ${name} or ${key}.`;
}

function hostKeyCommand({ login, role }: Endpoint): string {
  const port = login.port === 22 ? "" : ` --port ${login.port}`;
  return `npm run hostkey -- ${login.address}${port}${role === "bastion" ? " --bastion" : ""}`;
}

function server({ login, role }: Endpoint): string {
  const address = `${login.address}:${login.port}`;
  return role === "bastion" ? `The bastion ${address}` : `The host ${address}`;
}

/** An argument that says how the host or the bastion is reached. */
function argument(role: Endpoint["role"], name: keyof Login): string {
  return `Host.connection.${role === "bastion" ? "bastion." : ""}${name}`;
}
