import type { types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { type Connection, dialTimeoutSeconds, type Login } from "./ssh/connection";

/**
 * Dials after the first that may fail. Some, since sshd drops connections at random while more
 * than MaxStartups (10) of them are logging in; few, since a refused login is tried again too.
 */
const dialErrorLimit = 4;

/**
 * The connection as the command provider takes it, secret as a whole.
 *
 * It is saved in the state with each resource, and a delete uses what is saved there.
 */
export function remoteConnection(
  connection: Connection,
): pulumi.Output<types.input.remote.ConnectionArgs> {
  return pulumi.secret({
    ...remoteLogin(connection),
    ...(connection.bastion === undefined ? {} : { proxy: remoteLogin(connection.bastion) }),
  });
}

/** What both a host and a bastion say in the provider's words. */
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
