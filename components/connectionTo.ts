import { z } from "zod";
import { parseValue, shown, type Value } from "../host/manifest/value";
import { absolutePath, address, loginName, port, publicKey } from "../host/manifest/values";
import { redacted, Secret } from "../host/secret";
import type { Connection, Identity } from "../host/ssh/connection";
import { readPrivateKey } from "../host/ssh/privateKey";
import { ArgumentsError } from "./ArgumentsError";

/** An SSH server and the login there. */
export interface LoginArgs {
  /** Host name, IPv4 or IPv6 address. */
  address: string;
  /** Port of the SSH server. @default 22 */
  port?: number;
  /** Login. Any other than root runs commands as root through sudo. @default "root" */
  user?: string;
  /**
   * Public key of the SSH server, `TYPE BASE64`; without it the program does not connect.
   *
   * @example "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI..."
   */
  hostKey: string;
  /**
   * Private key that logs in, in OpenSSH or PEM format: a secret.
   *
   * @default a key of the SSH agent at SSH_AUTH_SOCK
   */
  privateKey?: string;
  /** Passphrase of the private key: a secret. @default none */
  passphrase?: string;
  /**
   * Path of the SSH agent's socket, for a login without `privateKey`.
   *
   * @default the value of SSH_AUTH_SOCK
   */
  agentSocketPath?: string;
}

/** Inputs of {@link connectionTo}. */
export interface ConnectionArgs extends LoginArgs {
  /** Password that sudo asks the login for: a secret. @default none: sudo asks for no password */
  sudoPassword?: string;
  /** SSH server on the way to a host that can't be reached directly. @default none */
  bastion?: LoginArgs;
}

/**
 * The connection to a host, from plain values: the preflight logs in before the program registers a resource,
 * so none of them can be an output.
 *
 * Printing the result shows no secret, and the state has it encrypted.
 *
 * @throws {@link ArgumentsError} with every error at once
 * @example
 * ```ts
 * const connection = connectionTo({
 *   address: "www.example.org",
 *   hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI...",
 *   privateKey: readFileSync("/home/me/.ssh/id_ed25519", "utf8"),
 * });
 * ```
 */
export function connectionTo(args: ConnectionArgs): Connection {
  const result = parseValue(connection, args);
  if ("parsed" in result) return result.parsed;
  throw new ArgumentsError(
    "Connection",
    result.refusals.map(({ path, given, allowed }) => ({
      propertyPath: path.slice(1),
      given: given !== undefined && secrets.test(path) ? redacted : shown(given),
      allowed,
    })),
  );
}

const secrets = /\.(?:privateKey|passphrase|sudoPassword)$/;

const noKey = "a private key in OpenSSH or PEM format, as `ssh-keygen` writes it";

/** Parsed by itself, so that its error appears together with those of the other fields. */
const identityFields = z
  .object({
    privateKey: z.string({ error: noKey }).optional(),
    passphrase: z.string({ error: "the passphrase of the private key" }).optional(),
    agentSocketPath: absolutePath.schema.optional(),
  })
  .transform((fields, context) => ({ identity: readIdentity(fields, context) }));

const loginFields = z.object({
  address: address.schema,
  port: port.schema.default(22),
  user: loginName.schema.default("root"),
  hostKey: publicKey.schema,
});

interface IdentityFields {
  readonly privateKey?: string | undefined;
  readonly passphrase?: string | undefined;
  readonly agentSocketPath?: string | undefined;
}

function readIdentity(
  { privateKey, passphrase, agentSocketPath }: IdentityFields,
  context: z.RefinementCtx,
): Identity {
  if (privateKey === undefined) return { kind: "agent", socketPath: agentSocketPath };
  if (agentSocketPath !== undefined) {
    const message = "nothing with `privateKey`: the login uses no agent then";
    context.addIssue({ code: "custom", path: ["agentSocketPath"], message });
    return z.NEVER;
  }
  const read = readPrivateKey(privateKey, passphrase);
  if (typeof read === "object") {
    return {
      kind: "key",
      privateKey: new Secret(privateKey),
      passphrase: passphrase === undefined ? undefined : new Secret(passphrase),
      ...read,
    };
  }
  const [field, message] =
    read === "locked"
      ? ["passphrase", "the passphrase of the private key, which has one"]
      : ["privateKey", noKey];
  context.addIssue({ code: "custom", path: [field], message });
  return z.NEVER;
}

const connection: Value<Connection> = {
  type: "object",
  allowed: "a host and the login there",
  encoding: "json",
  schema: loginFields
    .extend({
      sudoPassword: z.string({ error: "the password that sudo asks the login for" }).optional(),
      bastion: loginFields.and(identityFields).optional(),
    })
    .and(identityFields)
    .transform(({ sudoPassword, bastion, ...login }): Connection => ({
      ...login,
      privilege: privilegeOf(login.user, sudoPassword),
      bastion,
    })),
};

function privilegeOf(user: string, sudoPassword: string | undefined): Connection["privilege"] {
  if (user === "root") return { kind: "root" };
  return sudoPassword === undefined
    ? { kind: "passwordless" }
    : { kind: "password", password: new Secret(sudoPassword) };
}
