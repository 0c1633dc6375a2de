import { createHash } from "node:crypto";
import { remote, type types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { HostComponent } from "./component";
import { type Connection, connectionFingerprint, privilege, remoteConnection } from "./connection";
import { manifestDifference } from "./difference";
import { type Manifest, ManifestError, renderManifest } from "./manifest";
import type { HostFacts } from "./preflight";
import { hostScript } from "./script";

/** Inputs of {@link Host}. */
export interface HostArgs {
  /** How the host is reached, and as whom. */
  connection: Connection;
  /**
   * What the preflight found there.
   *
   * @default nothing is known, as in a preview of a host that can't be reached
   */
  facts?: HostFacts;
  /**
   * Seconds after which a command is ended on the host itself; Pulumi's own time-outs would leave
   * it running there.
   *
   * @default 1800
   */
  commandTimeoutSeconds?: number;
}

/** What {@link Host.converge} takes beside the manifest. */
export interface ConvergeOptions {
  parent: HostComponent;
  dependsOn?: pulumi.Input<pulumi.Input<pulumi.Resource>[]>;
}

/** Where the host script of a scope stands; the directory is root's alone to write. */
const scriptDirectory = "/usr/local/libexec/tracks";

/**
 * One remote host: the script that changes it, and the one way to use it.
 *
 * Everything that lands on the host is a manifest handed to {@link Host.converge}.
 */
export class Host extends HostComponent {
  /** What the preflight found, for components that must know before they register anything. */
  readonly facts: HostFacts | undefined;
  /** The resource that installs the script; every command depends on it. */
  readonly script: remote.Command;

  private readonly connection: pulumi.Output<types.input.remote.ConnectionArgs>;
  private readonly login: Connection;
  private readonly scope = `${pulumi.getProject()}.${pulumi.getStack()}`;
  private readonly commandTimeoutSeconds: number;
  private readonly names = new Set<string>();

  constructor(name: string, args: HostArgs, opts?: pulumi.ComponentResourceOptions) {
    super("Host", name, opts);
    this.facts = args.facts;
    this.login = args.connection;
    this.connection = remoteConnection(args.connection);
    this.commandTimeoutSeconds = args.commandTimeoutSeconds ?? 1800;
    this.script = this.installScript(name);
    this.registerOutputs({ script: this.script.id });
  }

  /**
   * Makes the host look like the manifest, and keeps it so.
   *
   * The command is a constant; all that changes travels in `stdin`, so that a preview shows
   * changed lines as lines. Where the preflight found the host drifted, the number behind
   * `--repair` is one higher than the host remembers: a change of `update` alone, which the engine
   * runs in place.
   */
  converge(
    name: string,
    manifest: Omit<Manifest, "name">,
    options: ConvergeOptions,
  ): remote.Command {
    const hostName = this.nameOnHost(name, options.parent);
    const text = renderManifest({ ...manifest, name: hostName }, connectionFingerprint(this.login));
    const secret = manifest.entries.some(
      (entry) => entry.kind === "password" || (entry.kind === "file" && entry.secret === true),
    );
    const applied = this.facts?.resources.get(hostName);
    const drifted = applied?.state === "drift";
    if (drifted) {
      void pulumi.log.warn(
        `${name}: the host differs from what was last applied: ${applied.reason ?? "unknown"}; up repairs it`,
        options.parent,
      );
    }
    if (this.login.privilege.kind === "password") this.logDifference(name, text, applied?.manifest);

    const repair = (applied?.repair ?? 0) + (drifted ? 1 : 0);
    const script = `${scriptDirectory}/${this.scope}`;
    return new remote.Command(
      name,
      {
        connection: this.connection,
        create: this.asRoot(`${script} apply ${hostName}`),
        update: this.asRoot(`${script} apply ${hostName} --repair ${repair}`),
        delete: this.asRoot(`${script} remove ${hostName}`),
        stdin: this.stdin(text, secret),
        addPreviousOutputInEnv: false,
      },
      {
        parent: options.parent,
        dependsOn: pulumi
          .output(options.dependsOn ?? [])
          .apply((resources) => [this.script, ...resources]),
        // The new one's create would run before the old one's delete, which removes by the same name.
        deleteBeforeReplace: true,
        // How often the host was repaired is unknown when it can't be asked: that is no change.
        ignoreChanges: this.facts === undefined ? ["update"] : [],
      },
    );
  }

  private installScript(name: string): remote.Command {
    const script = `${scriptDirectory}/${this.scope}`;
    // Everything before the first line of the script is dropped: a sudo password that was not asked for.
    const install = [
      "set -e",
      "umask 022",
      `mkdir -p ${scriptDirectory}`,
      `candidate=$(mktemp ${scriptDirectory}/.candidate.XXXXXX)`,
      `sed -n "/^#!/,\\$p" >$candidate`,
      `tail -n 1 $candidate | grep -q "^# end of the tracks host script"`,
      "bash -n $candidate",
      "chmod 755 $candidate",
      `mv -f $candidate ${script}`,
    ].join("; ");
    // A Host that was renamed deletes its former self last: resources on the host still need the script.
    const resources = `/var/lib/tracks/resources/${this.scope}`;
    const uninstall = `rmdir ${resources} 2>/dev/null; test -e ${resources} || rm -f ${script}`;
    return new remote.Command(
      `${name}-script`,
      {
        connection: this.connection,
        create: this.asRoot(`sh -c '${install}'`),
        delete: this.asRoot(`sh -c '${uninstall}'`),
        stdin: this.stdin(hostScript(), false),
        addPreviousOutputInEnv: false,
      },
      { parent: this, deleteBeforeReplace: true },
    );
  }

  private asRoot(command: string): string {
    return `${privilege(this.login).prefix}timeout -k 30 ${this.commandTimeoutSeconds} ${command}`;
  }

  /** The text, behind the sudo password where sudo asks for one: then no line of it may be shown. */
  private stdin(text: string, secret: boolean): pulumi.Input<string> {
    const password = privilege(this.login).firstLine;
    if (password !== undefined) return pulumi.secret(`${password.reveal()}\n${text}`);
    return secret ? pulumi.secret(text) : text;
  }

  /** With a sudo password Pulumi can show `[secret]` only: the program shows the changed lines itself. */
  private logDifference(name: string, text: string, applied: string[] | undefined): void {
    if (applied === undefined) return;
    const lines = manifestDifference(applied, text);
    if (lines.length > 0) void pulumi.log.info(`${name} changes:\n${lines.join("\n")}`);
  }

  private nameOnHost(name: string, parent: HostComponent): string {
    const digest = createHash("sha256").update(`${parent.place}/${name}`).digest("hex").slice(0, 6);
    const hostName = `${name}-${digest}`;
    if (this.names.has(hostName)) {
      throw new ManifestError(
        `two resources named "${name}" in one component: give each a name of its own`,
      );
    }
    this.names.add(hostName);
    return hostName;
  }
}
