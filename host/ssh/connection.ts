import type { AlgorithmList, Algorithms, ConnectConfig, KexAlgorithm } from "ssh2";
import type { Secret } from "../secret";
import type { PublicKey } from "./publicKey";

/** Who logs in: one private key, or whatever key the SSH agent of this machine offers. */
export type Identity =
  | {
      readonly kind: "key";
      readonly privateKey: Secret;
      readonly passphrase: Secret | undefined;
      /** Fingerprint of its public half. */
      readonly fingerprint: string;
    }
  | {
      readonly kind: "agent";
      /** @default the value of SSH_AUTH_SOCK, which differs from login to login and so isn't recorded */
      readonly socketPath: string | undefined;
    };

/** How a login becomes root. */
export type Privilege =
  | { readonly kind: "root" }
  | { readonly kind: "passwordless" }
  | { readonly kind: "password"; readonly password: Secret };

/** One SSH server and the login there. */
export interface Login {
  /** Host name, IPv4 or IPv6 address. */
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** The key that the server must prove to have. */
  readonly hostKey: PublicKey;
  readonly identity: Identity;
}

/** How the host is reached, and as whom; secrets stand in it as {@link Secret}. */
export interface Connection extends Login {
  readonly privilege: Privilege;
  /** A host in between, through which alone the host can be reached. */
  readonly bastion: Login | undefined;
}

/** What makes a command run as root; see {@link privilege}. */
export interface PrivilegedCommand {
  /** Words in front of the command's; none for root. */
  readonly prefix: readonly string[];
  /** First line of the command's stdin: the password that sudo reads. */
  readonly firstLine: Secret | undefined;
}

/** Seconds that one TCP connection may take; the host itself is asked by the preflight, once. */
export const dialTimeoutSeconds = 10;

/** OpenSSH 5.3 (Enterprise Linux 6) knows nothing newer than group 14 with SHA-1. */
export const keyExchange: AlgorithmList<KexAlgorithm> = {
  append: ["diffie-hellman-group14-sha1"],
  prepend: [],
  remove: [],
};

/** Key exchange and signatures as the command provider offers them: what fails there fails here. */
export function algorithms(login: Login): Algorithms {
  return {
    // Only the pinned key's own type, as the provider does; for RSA that means SHA-1 signatures.
    serverHostKey: [login.hostKey.type],
    kex: keyExchange,
  };
}

/**
 * Options of an ssh2 client for this login. The caller brings the socket, checks the host key
 * that it is shown, and finds out why a login failed; see the preflight.
 */
export function clientOptions(login: Login): ConnectConfig {
  const { identity } = login;
  return {
    username: login.user,
    algorithms: algorithms(login),
    ...(identity.kind === "agent"
      ? { agent: agentSocket(identity) }
      : {
          privateKey: identity.privateKey.reveal(),
          ...(identity.passphrase === undefined
            ? {}
            : { passphrase: identity.passphrase.reveal() }),
        }),
  };
}

/** Path of the agent's socket; undefined when no agent is set in the environment either. */
export function agentSocket(identity: Identity & { kind: "agent" }): string | undefined {
  return identity.socketPath ?? process.env["SSH_AUTH_SOCK"];
}

/**
 * Which login applied something, in words that stay the same as long as the login does:
 * `root key SHA256:...` or `operator agent`. The host records it with every resource.
 */
export function connectionFingerprint(connection: Connection): string {
  const { user, identity } = connection;
  return identity.kind === "agent" ? `${user} agent` : `${user} key ${identity.fingerprint}`;
}

/**
 * How a command runs as root over this connection.
 *
 * With a password sudo reads the first line of stdin. `-k` makes it ask even where it remembers
 * the user, so that the line is consumed; where sudo asks for none after all (NOPASSWD), the
 * command finds the line in its stdin and must skip it.
 */
export function privilege(connection: Connection): PrivilegedCommand {
  switch (connection.privilege.kind) {
    case "root":
      return { prefix: [], firstLine: undefined };
    case "passwordless":
      return { prefix: ["sudo", "-n"], firstLine: undefined };
    case "password":
      return {
        prefix: ["sudo", "-k", "-S", "-p", ""],
        firstLine: connection.privilege.password,
      };
  }
}
