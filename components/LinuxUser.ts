import type { remote } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import { HostComponent } from "../host/HostComponent";
import type { Host } from "../host/Host";
import {
  type ManifestEntry,
  primaryGroupOf,
  type ResourceManifest,
} from "../host/manifest/manifest";
import { password } from "../host/manifest/values";
import { renderServicesSudoers, renderSudoEnvironment } from "../templates/sudoers";
import { withDefaults } from "./args/argument";
import { defaultHome, linuxUserArguments, type LinuxUserArgs } from "./args/LinuxUser";
import { secretArgument } from "./secretArgument";
import { checked } from "./whenKnown";

/**
 * A Linux user with its password, its keys and its sudo rules.
 *
 * The account and its home stay on destroy, since the home has data. An account that this component created is
 * then locked; an older one gets back its shell and password.
 *
 * @example
 * ```ts
 * const deployer = new LinuxUser("deployer", {
 *   host,
 *   user: "deployer",
 *   password: new pulumi.Config().requireSecret("deployerPassword"),
 *   services: ["nginx"],
 * });
 * ```
 */
export class LinuxUser extends HostComponent {
  readonly user: string;
  readonly home: string;
  /** Placeholder in a file's content for the account's primary group. */
  readonly group: string;
  /** Creates the account, its keys and its sudo rules. */
  readonly account: remote.Command;
  /** Sets the password, in a command of its own: a secret would hide every line of the account in a preview. */
  readonly password: remote.Command | undefined;

  constructor(name: string, args: LinuxUserArgs, opts?: pulumi.ComponentResourceOptions) {
    const { host, password, transform, ...values } = withDefaults(linuxUserArguments, args);
    const { user, home = defaultHome(user), services } = values;
    super({ type: "LinuxUser", transform }, name, { user, home, services }, opts);
    const whenKnown = checked(this.title, linuxUserArguments, values);
    this.user = user;
    this.home = home;
    this.group = primaryGroupOf(user);
    const account = whenKnown(({ shell, authorizedKeys }): ResourceManifest => ({
      subsystem: "users",
      entries: [
        { kind: "user", name: user, home, shell },
        ...keys(this, authorizedKeys),
        ...sudoers(this, services),
      ],
    }));
    this.account = host.converge(name, account, { parent: this });
    this.password = password === undefined ? undefined : this.setPassword(host, password);
    this.registerOutputs({ user, home });
  }

  private setPassword(host: Host, given: pulumi.Input<string>): remote.Command {
    const manifest = secretArgument(this.title, "password", password, given).apply(
      (known): ResourceManifest => ({
        subsystem: "users",
        entries: [{ kind: "password", user: this.user, password: known }],
      }),
    );
    return host.converge(`${this.name}-password`, manifest, {
      parent: this,
      dependsOn: [this.account],
    });
  }
}

function keys(user: LinuxUser, lines: readonly string[]): ManifestEntry[] {
  if (lines.length === 0) return [];
  return [
    { kind: "directory", path: `${user.home}/.ssh`, owner: user.user, mode: "0700" },
    {
      kind: "file",
      path: `${user.home}/.ssh/authorized_keys`,
      owner: user.user,
      mode: "0600",
      content: lines.map((line) => `${line}\n`).join(""),
    },
  ];
}

function sudoers(user: LinuxUser, services: readonly string[]): ManifestEntry[] {
  if (services.length === 0) return [];
  const environmentFile = `/etc/tracks/sudo-${user.user}.env`;
  return [
    { kind: "directory", path: "/etc/tracks" },
    { kind: "file", path: environmentFile, content: renderSudoEnvironment(user) },
    {
      kind: "file",
      path: `/etc/sudoers.d/tracks-${user.user}`,
      mode: "0440",
      check: "sudoers",
      content: renderServicesSudoers({
        program: user.program,
        user: user.user,
        services,
        environmentFile,
      }),
    },
  ];
}
