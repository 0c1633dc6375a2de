import { createHash, randomUUID } from "node:crypto";
import { remote, type types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { commandLine } from "./ssh/commandLine";
import { HostComponent } from "./HostComponent";
import { remoteConnection } from "./remoteConnection";
import { type Connection, connectionFingerprint, privilege } from "./ssh/connection";
import { manifestDifference } from "./manifest/difference";
import { type ResourceManifest, ManifestError, renderManifest } from "./manifest/manifest";
import type { HostFacts } from "./facts";
import { transformFiles } from "./manifest/transform";
import { hostScript } from "./script/hostScript";
import { isSecretEntry } from "./manifest/secretEntry";

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

/** Seconds for what works through the whole of a database, such as a migration of a large table. */
export const databaseTimeoutSeconds = 6 * 3600;

/** What {@link Host.converge} takes beside the manifest. */
export interface ConvergeOptions {
  parent: HostComponent;
  /** Seconds after which the command is ended on the host. @default the host's `commandTimeoutSeconds` */
  timeoutSeconds?: number;
  dependsOn?: pulumi.Input<pulumi.Input<pulumi.Resource>[]>;
  /**
   * What was done stays done: the command has no `delete`. The manifest's subsystem has to be one whose
   * records the host script marks so (`no-remove`), or they would hold the script on the host.
   *
   * @default false
   */
  remains?: boolean;
}

/** A file of this machine, as it was when the program looked at it. */
export interface LocalFile {
  path: string;
  /** Digest of its content, in hex. */
  sha256: string;
  bytes: number;
}

/** What {@link Host.copy} takes beside the file. */
export interface CopyOptions extends ConvergeOptions {
  /** Name of the command, of the same parent, that takes the file from the spool. */
  consumer: string;
  /**
   * What the file is taken for. Taken for something else, the same file is copied once more.
   *
   * @default one thing for good
   */
  purpose?: string;
}

/** A file in the spool, for an entry of the manifest that takes it from there. */
export interface SpooledFile {
  /** Relative to the home of {@link login}. */
  path: string;
  login: string;
  /** Digest of its content, in hex; the host checks it before the file is used. */
  sha256: string;
  /** The copy: the command that takes the file depends on it. */
  resource: remote.CopyToRemote;
}

/** Where the host script of a scope stands; the directory is root's alone to write. */
const scriptDirectory = "/usr/local/libexec/tracks";

/**
 * One remote host: the script that changes it, and the one way to use it.
 *
 * Everything that lands on the host is a manifest handed to {@link Host.converge}.
 *
 * @example
 * ```ts
 * const host = new Host("host", { connection });
 * ```
 */
export class Host extends HostComponent {
  /** What the preflight found, for components that must know before they register anything. */
  readonly facts: HostFacts | undefined;
  /** The resource that installs the script; every command depends on it. */
  readonly script: remote.Command;

  private readonly connection: pulumi.Output<types.input.remote.ConnectionArgs>;
  private readonly login: Connection;
  private readonly scope = `${pulumi.getProject()}.${pulumi.getStack()}`;
  /** Relative to the login's home. */
  private readonly spool = `.tracks/${this.scope}`;
  private readonly commandTimeoutSeconds: number;
  private readonly names = new Set<string>();

  constructor(name: string, args: HostArgs, opts?: pulumi.ComponentResourceOptions) {
    const { address, port } = args.connection;
    super({ type: "Host" }, name, { address, port }, opts);
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
   * `--repair` is one higher than the host remembers: a change of `create` alone, which the engine
   * runs in place, since there is no `update`. The number stands in `create` so that also a
   * replacement, which removes what the host remembers, leaves the number that the program expects.
   *
   * @param manifest as it is, or as an output where it is known only after others were applied
   */
  converge(
    name: string,
    manifest: ResourceManifest | pulumi.Output<ResourceManifest>,
    options: ConvergeOptions,
  ): remote.Command {
    const hostName = this.nameOnHost(name, options.parent);
    const applied = this.facts?.resources.get(hostName);
    const stdin = (known: ResourceManifest): pulumi.Input<string> => {
      const entries = transformFiles(known.entries, options.parent.transform);
      const text = renderManifest(
        { ...known, entries, name: hostName },
        connectionFingerprint(this.login),
      );
      if (this.login.privilege.kind === "password") {
        this.logDifference(name, text, applied?.manifest);
      }
      return this.stdin(text, known.entries.some(isSecretEntry));
    };
    const drifted = applied?.state === "drift";
    // Once: the same program runs for the `up` behind a preview, and for a destroy.
    if (drifted && pulumi.runtime.isDryRun()) {
      void pulumi.log.warn(
        `${name}: the host differs from what was last applied: ${applied.reason ?? "unknown"}; pulumi up repairs it`,
        options.parent,
      );
    }

    const repair = (applied?.repair ?? 0) + (drifted ? 1 : 0);
    const script = `${scriptDirectory}/${this.scope}`;
    return new remote.Command(
      name,
      {
        connection: this.connection,
        create: commandLine(
          this.asRoot(
            [script, "apply", hostName, "--repair", String(repair)],
            options.timeoutSeconds,
          ),
        ),
        ...(options.remains
          ? {}
          : { delete: commandLine(this.asRoot([script, "remove", hostName])) }),
        // One that is known by now fails here, where the program is; an output fails when it is known.
        stdin: pulumi.Output.isInstance(manifest)
          ? manifest.apply((known) => pulumi.output(stdin(known)))
          : stdin(manifest),
        addPreviousOutputInEnv: false,
      },
      {
        parent: options.parent,
        aliases: options.parent.aliasesBelow,
        dependsOn: this.afterScript(options.parent.dependencies, options.dependsOn),
        // The new one's create would run before the old one's delete, which removes by the same name.
        deleteBeforeReplace: true,
        // How often the host was repaired is unknown when it can't be asked: that is no change.
        ignoreChanges: this.facts === undefined ? ["create"] : [],
      },
    );
  }

  /**
   * Copies a file of this machine into the spool: a folder of the login, for its eyes only, from
   * which a command takes it after checking its digest.
   *
   * What was taken is removed from the spool. A file that is gone before it was taken is copied
   * again by the next `up`, though nothing changed here: the host is asked what lies there.
   *
   * @param name of the resource; the file's name in the spool begins with it
   */
  copy(name: string, file: LocalFile, options: CopyOptions): SpooledFile {
    const purpose = options.purpose === undefined ? "" : `-${shortDigest(options.purpose)}`;
    const fileName = `${name}${purpose}-${file.sha256}`;
    const remotePath = `${this.spool}/${fileName}`;
    const consumer = this.facts?.resources.get(hostName(options.consumer, options.parent));
    const taken =
      consumer?.state === "ok" && consumer.manifest?.some((line) => line.includes(remotePath));
    const there = this.facts?.facts.get(`spool/${fileName}`) === String(file.bytes);
    const lost = this.facts !== undefined && taken !== true && !there;
    const resource = new remote.CopyToRemote(
      name,
      {
        connection: this.connection,
        source: new pulumi.asset.FileAsset(file.path),
        remotePath,
        // A copy has no delete, so replacing it just copies; the value counts only where it is lost.
        triggers: [lost ? randomUUID() : ""],
      },
      {
        parent: options.parent,
        aliases: options.parent.aliasesBelow,
        // It needs nothing but the spool: what the component waits for is on its way meanwhile.
        dependsOn: this.afterScript(options.dependsOn),
        ignoreChanges: lost ? [] : ["triggers"],
      },
    );
    return { path: remotePath, login: this.login.user, sha256: file.sha256, resource };
  }

  /** The script, and all that these options `dependsOn` name. */
  private afterScript(
    ...options: pulumi.ResourceOptions["dependsOn"][]
  ): pulumi.Output<pulumi.Resource[]> {
    return pulumi
      .all(options.map((option) => option ?? []))
      .apply((resources) => [this.script, ...resources.flat()]);
  }

  private installScript(name: string): remote.Command {
    const script = `${scriptDirectory}/${this.scope}`;
    // Everything before the first line of the script is dropped: a sudo password that was not asked for.
    const install = [
      "set -e",
      "umask 022",
      `mkdir -p ${scriptDirectory}`,
      `candidate=$(mktemp ${scriptDirectory}/.candidate.XXXXXX)`,
      `sed -n "/^#.[/]bin[/]bash$/,$ p" >$candidate`,
      `tail -n 1 $candidate | grep -q "^# end of the tracks host script"`,
      "bash -n $candidate",
      "chmod 755 $candidate",
      `mv -f $candidate ${script}`,
    ].join("; ");
    // A Host that was renamed deletes its former self last: resources on the host still need the script.
    const resources = `/var/lib/tracks/resources/${this.scope}`;
    // What has no delete leaves a record; where nothing else is left, it is the last that goes.
    const held = `for r in ${resources}/*/; do test -e "$r/no-remove" || test ! -e "$r" || exit 0; done`;
    const uninstall = `${held}; rm -rf ${resources}; rm -f ${script}`;
    // The spool is the login's own, so it is made without sudo, before any copy can make it for all to read.
    const { spool } = this;
    const mark = this.spoolMark();
    const makeSpool = `umask 077; cd "$HOME" && mkdir -p ${spool} && chmod 700 .tracks ${spool} && rm -f ${spool}/.made-* && : >${spool}/.made-${mark}`;
    const dropSpool = `cd "$HOME" && rm -f ${spool}/.made-* && rmdir ${spool} .tracks 2>/dev/null; true`;
    return new remote.Command(
      `${name}-script`,
      {
        connection: this.connection,
        create: commandLine([
          ...["sh", "-c", `${makeSpool} && exec "$@"`, "spool"],
          ...this.asRoot(["sh", "-c", install]),
        ]),
        // Where the script has to stay, its spool has, too.
        delete: commandLine([
          ...["sh", "-c", `"$@" && { test -e ${script} || { ${dropSpool}; }; }`, "spool"],
          ...this.asRoot(["sh", "-c", uninstall]),
        ]),
        stdin: this.stdin(hostScript(), false),
        addPreviousOutputInEnv: false,
      },
      {
        parent: this,
        deleteBeforeReplace: true,
        // What marks the spool is unknown when the host can't be asked: that is no change.
        ignoreChanges: this.facts === undefined ? ["create"] : [],
      },
    );
  }

  /**
   * What marks the spool as made by this stack. The command that makes it says so: a spool that was
   * lost, or is another login's, gets a new mark, and the changed command is run.
   */
  private spoolMark(): string {
    const ready = /^ready (\S+)$/.exec(this.facts?.facts.get("spool") ?? "")?.[1];
    // A host that knows nothing of this stack is new: the first mark can be told beforehand.
    return ready ?? (this.facts?.resources.size ? randomUUID() : "first");
  }

  /**
   * The words of a command as root, with its bound. coreutils 8.4 (Enterprise Linux 6) has no `-k`: what
   * ignores SIGTERM is not killed there. The words stay words, by which the host script's `recover` finds runs.
   */
  private asRoot(
    words: readonly string[],
    timeoutSeconds = this.commandTimeoutSeconds,
  ): readonly string[] {
    const bounded = 'timeout -k 1 1 true 2>/dev/null && exec timeout -k 30 "$@"; exec timeout "$@"';
    const { prefix } = privilege(this.login);
    return [...prefix, "sh", "-c", bounded, "timeout", String(timeoutSeconds), ...words];
  }

  /** The text, behind the sudo password where sudo asks for one: then no line of it may be shown. */
  private stdin(text: pulumi.Input<string>, secret: boolean): pulumi.Input<string> {
    const password = privilege(this.login).firstLine;
    if (password !== undefined) {
      return pulumi.secret(pulumi.interpolate`${password.reveal()}\n${text}`);
    }
    return secret ? pulumi.secret(text) : text;
  }

  /** With a sudo password Pulumi can show `[secret]` only: the program shows the changed lines itself. */
  private logDifference(name: string, text: string, applied: string[] | undefined): void {
    if (applied === undefined) return;
    const lines = manifestDifference(applied, text);
    if (lines.length > 0) void pulumi.log.info(`${name} changes:\n${lines.join("\n")}`);
  }

  private nameOnHost(name: string, parent: HostComponent): string {
    const unique = hostName(name, parent);
    if (this.names.has(unique)) {
      throw new ManifestError(
        `two resources named "${name}" in one component: give each a name of its own`,
      );
    }
    this.names.add(unique);
    return unique;
  }
}

/** What the host calls a resource; the same as long as its place in the program stays. */
function hostName(name: string, parent: HostComponent): string {
  const digest = shortDigest(`${parent.place}/${name}`);
  return `${name}-${digest}`;
}

function shortDigest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 6);
}
