import type { remote } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import { HostComponent } from "../host/HostComponent";
import type { Host } from "../host/Host";
import {
  type ManifestEntry,
  primaryGroupOf,
  type ResourceManifest,
} from "../host/manifest/manifest";
import { renderServicesSudoers, renderSudoEnvironment } from "../templates/sudoers";
import { whenKnown } from "./whenKnown";

/** Inputs of {@link LinuxUser}. */
export interface LinuxUserArgs {
  host: Host;
  /** Login name, such as `deployer`. */
  user: string;
  /** Password of the login: a secret, such as `config.requireSecret` gives. @default none: only a key logs in */
  password?: pulumi.Input<string>;
  /** @default "/home/USER" */
  home?: string;
  /** @default "/bin/bash" */
  shell?: pulumi.Input<string>;
  /** Public keys that may log in; given, they are the whole of the user's authorized_keys. @default none */
  authorizedKeys?: pulumi.Input<readonly pulumi.Input<string>[]>;
  /**
   * Services that the user may start, stop, restart, reload and ask for their status through
   * `sudo /sbin/service`, without a password, and nothing else.
   *
   * @default none
   */
  services?: readonly string[];
}

/**
 * A Linux user with its password, keys and the little of root's power that it needs.
 *
 * The account and its home stay on destroy, since the home holds data; an account that we made is
 * locked then, one that was there before gets back its shell and password.
 */
export class LinuxUser extends HostComponent {
  readonly user: string;
  readonly home: string;
  /** Stands in a file's content for the account's primary group. */
  readonly group: string;
  /** The account, its keys and its sudo rules. */
  readonly account: remote.Command;
  /** The password: apart, since a secret would hide every line of the account in a preview. */
  readonly password: remote.Command | undefined;

  constructor(name: string, args: LinuxUserArgs, opts?: pulumi.ComponentResourceOptions) {
    super({ type: "LinuxUser" }, name, opts);
    this.user = args.user;
    this.home = args.home ?? `/home/${args.user}`;
    this.group = primaryGroupOf(args.user);

    const values = { shell: args.shell ?? "/bin/bash", keys: args.authorizedKeys ?? [] };
    const account = whenKnown(values, ({ shell, keys }): ResourceManifest => ({
      subsystem: "users",
      entries: [
        { kind: "user", name: this.user, home: this.home, shell },
        ...authorizedKeys(this, keys),
        ...sudoers(this, args.services ?? []),
      ],
    }));
    this.account = args.host.converge(name, account, { parent: this });
    this.password = args.password === undefined ? undefined : this.setPassword(args, args.password);
    this.registerOutputs({ user: this.user, home: this.home });
  }

  private setPassword({ host }: LinuxUserArgs, given: pulumi.Input<string>): remote.Command {
    const manifest = whenKnown({ password: given }, ({ password }): ResourceManifest => ({
      subsystem: "users",
      entries: [{ kind: "password", user: this.user, password }],
    }));
    return host.converge(`${this.name}-password`, manifest, {
      parent: this,
      dependsOn: [this.account],
    });
  }
}

function authorizedKeys(user: LinuxUser, keys: readonly string[]): ManifestEntry[] {
  if (keys.length === 0) return [];
  return [
    { kind: "directory", path: `${user.home}/.ssh`, owner: user.user, mode: "0700" },
    {
      kind: "file",
      path: `${user.home}/.ssh/authorized_keys`,
      owner: user.user,
      mode: "0600",
      content: keys.map((key) => `${key}\n`).join(""),
    },
  ];
}

function sudoers(user: LinuxUser, services: readonly string[]): ManifestEntry[] {
  if (services.length === 0) return [];
  const environmentFile = "/etc/tracks/sudo.env";
  return [
    { kind: "directory", path: "/etc/tracks" },
    { kind: "file", path: environmentFile, content: renderSudoEnvironment() },
    {
      kind: "file",
      path: `/etc/sudoers.d/tracks-${user.user}`,
      mode: "0440",
      check: "sudoers",
      content: renderServicesSudoers({ user: user.user, services, environmentFile }),
    },
  ];
}
