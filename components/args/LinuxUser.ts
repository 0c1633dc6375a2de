import type * as pulumi from "@pulumi/pulumi";
import type { Host } from "../../host/Host";
import type { FileArgs } from "../../host/HostComponent";
import { listOf } from "../../host/manifest/value";
import { absolutePath, authorizedKey, loginName, serviceName } from "../../host/manifest/values";
import { type ArgumentTable, required, withDefault, withoutDefault } from "./argument";

/** Inputs of `LinuxUser`. */
export interface LinuxUserArgs extends FileArgs {
  /** The host that it is an account of. */
  host: Host;
  /** Login name. @example "deployer" */
  user: string;
  /** Password of the login: a secret, such as `config.requireSecret` gives. @default none: only a key logs in */
  password?: pulumi.Input<string>;
  /** Home directory. @default "/home/USER" */
  home?: string;
  /** Login shell. @default "/bin/bash" */
  shell?: pulumi.Input<string>;
  /**
   * Public keys that may log in, in the format of sshd's authorized_keys; given, they are the whole
   * of the user's file.
   *
   * @default []: the file is not touched
   */
  authorizedKeys?: pulumi.Input<readonly pulumi.Input<string>[]>;
  /**
   * Services that the user may start, stop, restart, reload and ask for their status through
   * `sudo /sbin/service`, without a password, and nothing else.
   *
   * @default []
   */
  services?: readonly string[];
}

/** Kinds of values of the arguments, and their defaults. */
export const linuxUserArguments = {
  user: required(loginName),
  home: withoutDefault(absolutePath),
  shell: withDefault(absolutePath, "/bin/bash"),
  authorizedKeys: withDefault(listOf(authorizedKey, "public keys"), []),
  services: withDefault(listOf(serviceName, "services"), []),
} satisfies ArgumentTable<LinuxUserArgs>;

/** Home of a user whose account says nothing else. */
export function defaultHome(user: string): string {
  return `/home/${user}`;
}
