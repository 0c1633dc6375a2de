import type { types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { type Connection, dialTimeoutSeconds, type Login } from "./ssh/connection";

/**
 * Number of further dials after the first. More than none, since sshd drops connections at random while
 * more than MaxStartups (10) of them log in; few, since the provider repeats a refused login too.
 */
const dialErrorLimit = 4;

/**
 * The connection in the command provider's format, secret as a whole.
 *
 * The state has it with each resource, and a delete uses the one from the state.
 */
export function remoteConnection(
  connection: Connection,
): pulumi.Output<types.input.remote.ConnectionArgs> {
  return pulumi.secret({
    ...remoteLogin(connection),
    ...(connection.bastion === undefined ? {} : { proxy: remoteLogin(connection.bastion) }),
  });
}

/** A host's or a bastion's login in the provider's format. */
interface RemoteLogin {
  host: string;
  port: number;
  user: string;
  hostKey: string;
  dialErrorLimit: number;
  perDialTimeout: number;
  privateKey?: string;
  privateKeyPassword?: string;
  agentSocketPath?: string;
}

function remoteLogin(login: Login): RemoteLogin {
  const { identity } = login;
  const shared = {
    host: login.address,
    port: login.port,
    user: login.user,
    hostKey: login.hostKey.line,
    dialErrorLimit,
    perDialTimeout: dialTimeoutSeconds,
  };
  if (identity.kind === "agent") {
    return identity.socketPath === undefined
      ? shared
      : { ...shared, agentSocketPath: identity.socketPath };
  }
  const key = { ...shared, privateKey: identity.privateKey.reveal() };
  return identity.passphrase === undefined
    ? key
    : { ...key, privateKeyPassword: identity.passphrase.reveal() };
}
