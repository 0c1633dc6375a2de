import type { AlgorithmList, Algorithms, ConnectConfig, KexAlgorithm } from "ssh2";
import type { Secret } from "../secret";
import type { PublicKey } from "./publicKey";

/** Proof of who logs in: one private key, or the keys of this machine's SSH agent. */
export type Identity =
  | {
      readonly kind: "key";
      readonly privateKey: Secret;
      readonly passphrase: Secret | undefined;
      /** Fingerprint of the public key. */
      readonly fingerprint: string;
    }
  | {
      readonly kind: "agent";
      /** Path of the agent's socket. @default the value of SSH_AUTH_SOCK, which changes with each session and is not recorded */
      readonly socketPath: string | undefined;
    };

/** Way in which a login becomes root. */
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
  /** Host key that the server must have. */
  readonly hostKey: PublicKey;
  readonly identity: Identity;
}

/** The host, the login there and the way to it; its secrets are {@link Secret}s. */
export interface Connection extends Login {
  readonly privilege: Privilege;
  /** SSH server on the way to a host that can't be reached directly. */
  readonly bastion: Login | undefined;
}

/** Parts of a command that make it run as root; see {@link privilege}. */
export interface PrivilegedCommand {
  /** Words before the command's own; none for root. */
  readonly prefix: readonly string[];
  /** Password for sudo: the first line of the command's stdin. */
  readonly firstLine: Secret | undefined;
}

/** Seconds that one TCP connection of the provider may take. */
export const dialTimeoutSeconds = 10;

/** The newest that OpenSSH 5.3 (Enterprise Linux 6) knows is group 14 with SHA-1. */
export const keyExchange: AlgorithmList<KexAlgorithm> = {
  append: ["diffie-hellman-group14-sha1"],
  prepend: [],
  remove: [],
};

/** Key exchange and signatures that the command provider offers: a login that would fail there fails here. */
export function algorithms(login: Login): Algorithms {
  return {
    // Only the pinned key's own type, as the provider does; for RSA that means SHA-1 signatures.
    serverHostKey: [login.hostKey.type],
    kex: keyExchange,
  };
}

/**
 * Options of an ssh2 client for this login. The caller opens the socket, checks the host key
 * and explains a failed login; see `logIn`.
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

/** Path of the agent's socket; undefined where neither the identity nor the environment has one. */
export function agentSocket(identity: Identity & { kind: "agent" }): string | undefined {
  return identity.socketPath ?? process.env["SSH_AUTH_SOCK"];
}

/**
 * Identifies a login, in words that change only with it: `root key SHA256:...` or `operator agent`.
 * The host records it with every resource.
 */
export function connectionFingerprint(connection: Connection): string {
  const { user, identity } = connection;
  return identity.kind === "agent" ? `${user} agent` : `${user} key ${identity.fingerprint}`;
}

/**
 * Makes a command run as root over this connection.
 *
 * With a password sudo reads the first line of stdin. With `-k` it asks even where it remembers
 * the user, so that it reads the line; where sudo asks for none after all (NOPASSWD), the
 * command itself gets the line and must skip it.
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
