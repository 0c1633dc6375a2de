import type * as pulumi from "@pulumi/pulumi";
import type { Host } from "../../host/Host";
import type { FileArgs } from "../../host/HostComponent";
import { listOf } from "../../host/manifest/value";
import { absolutePath, authorizedKey, loginName, serviceName } from "../../host/manifest/values";
import { type ArgumentTable, required, withDefault, withoutDefault } from "./argument";

/** Inputs of `LinuxUser`. */
export interface LinuxUserArgs extends FileArgs {
  /** The host that has the account. */
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
   * Public keys that may log in, as lines of sshd's authorized_keys. They replace the user's whole file.
   *
   * @default []: the file stays as it is
   */
  authorizedKeys?: pulumi.Input<readonly pulumi.Input<string>[]>;
  /**
   * Services that the user may start, stop, restart, reload and query through `sudo /sbin/service`, without a
   * password. The user may run nothing else as root.
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

/** Default home of a user. */
export function defaultHome(user: string): string {
  return `/home/${user}`;
}
