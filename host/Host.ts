import { createHash, randomUUID } from "node:crypto";
import { remote, type types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { commandLine } from "./ssh/commandLine";
import { HostComponent } from "./HostComponent";
import { remoteConnection } from "./remoteConnection";
import { type Connection, connectionFingerprint, privilege } from "./ssh/connection";
import { changedLinesText, manifestDifference } from "./manifest/difference";
import { type ResourceManifest, renderManifest } from "./manifest/manifest";
import { differencesText } from "./difference";
import type { HostFacts } from "./facts";
import { transformFiles } from "./manifest/transform";
import { hostScript, installedScript, scriptDirectory } from "./script/hostScript";
import { isSecretEntry } from "./manifest/secretEntry";
import { PathWriters } from "./pathWriters";
import { problemText, warningOf } from "./problem";
import { problemError } from "./ProblemError";

/** Inputs of {@link Host}. */
export interface HostArgs {
  /** Address, login and host key of the host, as `connectionTo` returns them. */
  connection: Connection;
  /**
   * State of the host as the preflight found it, as `examineHost` returns it: undefined in a preview of a host
   * that can't be reached.
   *
   * @default the program never looks at the host, so it neither shows nor repairs a change that somebody made there
   */
  facts?: HostFacts;
  /**
   * Seconds after which a command ends on the host, 1 to 86400; Pulumi's own timeouts would leave it running there.
   *
   * @default 1800
   */
  commandTimeoutSeconds?: number;
}

/** Seconds after which a run of the host script ends by itself; `script/limit.sh` has the same number. */
const scriptTimeoutSeconds = 1800;

/** Seconds for a command that works on a whole database, such as a migration of a large table. */
export const databaseTimeoutSeconds = 6 * 3600;

/** @throws ProblemError for a number that the host would take for no limit, or not at all */
function timeLimit(host: string, seconds = scriptTimeoutSeconds): number {
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= 86_400) return seconds;
  throw problemError({
    subject: `Host "${host}": commandTimeoutSeconds`,
    given: String(seconds),
    allowed: "a whole number of seconds, 1 to 86400",
  });
}

/** Options of {@link Host.converge}. */
export interface ConvergeOptions {
  parent: HostComponent;
  /** Seconds after which the host ends the command. @default the host's `commandTimeoutSeconds` */
  timeoutSeconds?: number;
  dependsOn?: pulumi.Input<pulumi.Input<pulumi.Resource>[]>;
  /**
   * Leaves out the command's `delete`: its work stays on destroy. The host script must mark the records
   * of the manifest's subsystem `no-remove`; otherwise they would keep the script on the host.
   *
   * @default false
   */
  remains?: boolean;
}

/** A file on this machine, as it was when the program read it. */
export interface LocalFile {
  path: string;
  /** SHA-256 of its content, in hex. */
  sha256: string;
  bytes: number;
}

/** Options of {@link Host.copy}. */
export interface CopyOptions extends ConvergeOptions {
  /** Name of the command, of the same parent, that takes the file from the spool. */
  consumer: string;
  /**
   * Use of the file. For another use the same file is copied once more.
   *
   * @default always the same use
   */
  purpose?: string;
}

/** A file in the spool, for a manifest entry that takes it from there. */
export interface SpooledFile {
  /** Path relative to the home of {@link login}. */
  path: string;
  login: string;
  /** SHA-256 of its content, in hex; the host checks it before it uses the file. */
  sha256: string;
  /** The copy: the command that takes the file depends on it. */
  resource: remote.CopyToRemote;
}

/**
 * One remote host: the script that changes it, and the only way to run it.
 *
 * Every change of the host is a manifest that a component gives to {@link Host.converge}.
 *
 * @example
 * ```ts
 * const host = new Host("host", { connection });
 * ```
 */
export class Host extends HostComponent {
  /** State of the host as the preflight found it; undefined where it is unknown. */
  readonly facts: HostFacts | undefined;
  /** Installs the script; every command depends on it. */
  readonly script: remote.Command;

  private readonly connection: pulumi.Output<types.input.remote.ConnectionArgs>;
  private readonly login: Connection;
  private readonly scope = `${pulumi.getProject()}.${pulumi.getStack()}`;
  /** Path relative to the login's home. */
  private readonly spool = `.tracks/${this.scope}`;
  private readonly commandTimeoutSeconds: number;
  /** Inputs of commands that this preview can't know: their difference from the last `up` is no change. */
  private readonly unknownInputs: string[];
  private readonly names = new Set<string>();
  private readonly writers = new PathWriters();

  constructor(name: string, args: HostArgs, opts?: pulumi.ComponentResourceOptions) {
    const { address, port } = args.connection;
    super({ type: "Host" }, name, { address, port }, opts);
    this.facts = args.facts;
    this.login = args.connection;
    this.connection = remoteConnection(args.connection);
    this.commandTimeoutSeconds = timeLimit(name, args.commandTimeoutSeconds);
    // The number of repairs and the spool's mark are part of `create`. A program that never asks for them has
    // the same ones in every run, and its login or time limit may change.
    const isUnreachable = "facts" in args && args.facts === undefined && pulumi.runtime.isDryRun();
    this.unknownInputs = isUnreachable ? ["create"] : [];
    this.script = this.installScript(name);
    this.registerOutputs({ script: this.script.id });
  }

  /**
   * Brings the host to the state of the manifest.
   *
   * The command is a constant, and as short as can be, since Pulumi prints it in front of the reason of a
   * failure; everything that changes travels in `stdin`, so that a preview shows changed lines as lines.
   * Where the preflight found drift, the number after `--repair` is one higher than the host remembers: that
   * changes `create` alone, and the engine runs it in place, since there is no `update`. The number is part of
   * `create` so that a replacement, which removes what the host remembers, leaves the number that the program
   * expects.
   *
   * @param manifest an output where it depends on what other commands find
   */
  converge(
    name: string,
    manifest: ResourceManifest | pulumi.Output<ResourceManifest>,
    options: ConvergeOptions,
  ): remote.Command {
    const hostName = this.nameOnHost(name, options.parent);
    const applied = this.facts?.resources.get(hostName);
    const stdin = (known: ResourceManifest, isSecret: boolean): pulumi.Input<string> => {
      this.writers.add(this.name, options.parent.title, known.entries);
      const entries = transformFiles(known.entries, options.parent.transform);
      const text = renderManifest(
        { ...known, entries, name: hostName },
        connectionFingerprint(this.login),
      );
      // Of a manifest with a secret value Pulumi shows nothing, and neither does this program.
      if (this.login.privilege.kind === "password" && !isSecret) {
        this.logDifference(name, text, applied?.manifest);
      }
      return this.stdin(text, known.entries.some(isSecretEntry));
    };
    const drift = applied?.drift ?? [];
    // In the preview only: the same program runs for the `up` after it, and for a destroy.
    if (drift.length > 0 && pulumi.runtime.isDryRun()) {
      const problem = warningOf({
        subject: `${name}: the host differs from what was last applied`,
        fix: ["pulumi up   (repairs it)"],
        reason: differencesText(drift),
      });
      void pulumi.log.warn(problemText(problem), options.parent);
    }

    const repair = (applied?.repair ?? 0) + (drift.length > 0 ? 1 : 0);
    const limit = options.timeoutSeconds ?? this.commandTimeoutSeconds;
    const timeout = limit === scriptTimeoutSeconds ? [] : ["--timeout", String(limit)];
    return new remote.Command(
      name,
      {
        connection: this.connection,
        create: this.scriptLine(
          ["apply", hostName],
          repair === 0 ? [] : ["--repair", String(repair)],
          timeout,
        ),
        ...(options.remains ? {} : { delete: this.scriptLine(["remove", hostName], timeout) }),
        // A plain manifest with an error fails here, in the program; an output fails when it is known.
        stdin: pulumi.Output.isInstance(manifest)
          ? pulumi
              .all([manifest, pulumi.isSecret(manifest)])
              .apply(([known, isSecret]) => pulumi.output(stdin(known, isSecret)))
          : stdin(manifest, false),
        addPreviousOutputInEnv: false,
      },
      {
        parent: options.parent,
        aliases: options.parent.aliasesBelow,
        dependsOn: this.afterScript(options.parent.dependencies, options.dependsOn),
        // The new one's create would run before the old one's delete, which removes by the same name.
        deleteBeforeReplace: true,
        ignoreChanges: this.unknownInputs,
      },
    );
  }

  /**
   * Copies a file of this machine into the spool, a folder that only the login can read. A command
   * takes it from there after checking its digest.
   *
   * The command removes the file from the spool. Where the preflight finds that a file disappeared
   * before a command took it, the next `up` copies it again, though nothing changed here.
   *
   * @param name name of the resource; the file's name in the spool begins with it
   */
  copy(name: string, file: LocalFile, options: CopyOptions): SpooledFile {
    const purpose = options.purpose === undefined ? "" : `-${shortDigest(options.purpose)}`;
    const fileName = `${name}${purpose}-${file.sha256}`;
    const remotePath = `${this.spool}/${fileName}`;
    const consumer = this.facts?.resources.get(hostName(options.consumer, options.parent));
    const taken =
      consumer?.drift.length === 0 && consumer.manifest?.some((line) => line.includes(remotePath));
    const there = this.facts?.facts.get(`spool/${fileName}`) === String(file.bytes);
    const lost = this.facts !== undefined && taken !== true && !there;
    const resource = new remote.CopyToRemote(
      name,
      {
        connection: this.connection,
        source: new pulumi.asset.FileAsset(file.path),
        remotePath,
        // A copy has no delete, so a replacement only copies; the value counts where the file is lost.
        triggers: [lost ? randomUUID() : ""],
      },
      {
        parent: options.parent,
        aliases: options.parent.aliasesBelow,
        // It needs nothing but the spool, and need not wait for what the component depends on.
        dependsOn: this.afterScript(options.dependsOn),
        ignoreChanges: lost ? [] : ["triggers"],
      },
    );
    return { path: remotePath, login: this.login.user, sha256: file.sha256, resource };
  }

  /** The script, and every resource in these `dependsOn` options. */
  private afterScript(
    ...options: pulumi.ResourceOptions["dependsOn"][]
  ): pulumi.Output<pulumi.Resource[]> {
    return pulumi
      .all(options.map((option) => option ?? []))
      .apply((resources) => [this.script, ...resources.flat()]);
  }

  private installScript(name: string): remote.Command {
    const script = installedScript(this.scope);
    // Drops everything before the first line of the script: a sudo password that sudo did not ask for.
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
    // After a rename the old Host is deleted last: until then, resources on the host need the script.
    const resources = `/var/lib/tracks/resources/${this.scope}`;
    // A command without a delete leaves a record, which goes when no other is left.
    const held = `for r in ${resources}/*/; do test -e "$r/no-remove" || test ! -e "$r" || exit 0; done`;
    const uninstall = `${held}; rm -rf ${resources}; rm -f ${script}`;
    // The spool belongs to the login, so it is created without sudo, before a copy could create it with wider modes.
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
        // While the script stays, its spool stays.
        delete: commandLine([
          ...["sh", "-c", `"$@" && { test -e ${script} || { ${dropSpool}; }; }`, "spool"],
          ...this.asRoot(["sh", "-c", uninstall]),
        ]),
        stdin: this.stdin(hostScript(), false),
        addPreviousOutputInEnv: false,
      },
      {
        parent: this,
        // Such as the machine itself.
        dependsOn: this.dependencies,
        deleteBeforeReplace: true,
        ignoreChanges: this.unknownInputs,
      },
    );
  }

  /**
   * Mark of a spool that this stack created. It is part of the command that creates the spool: for a spool
   * that was lost, or belongs to another login, the mark changes, and the engine runs the command again.
   */
  private spoolMark(): string {
    const ready = /^ready (\S+)$/.exec(this.facts?.facts.get("spool") ?? "")?.[1];
    // A host without resources of this stack is new: its first mark is known in advance.
    return ready ?? (this.facts?.resources.size ? randomUUID() : "first");
  }

  /** Command line of the host script, as root. */
  private scriptLine(...words: readonly (readonly string[])[]): string {
    return commandLine(this.asRoot([installedScript(this.scope), ...words.flat()]));
  }

  private asRoot(words: readonly string[]): readonly string[] {
    return [...privilege(this.login).prefix, ...words];
  }

  /** The text, after the sudo password where sudo asks for one: then no line of it may be shown. */
  private stdin(text: pulumi.Input<string>, secret: boolean): pulumi.Input<string> {
    const password = privilege(this.login).firstLine;
    if (password !== undefined) {
      return pulumi.secret(pulumi.interpolate`${password.reveal()}\n${text}`);
    }
    return secret ? pulumi.secret(text) : text;
  }

  /** With a sudo password Pulumi can only show `[secret]`: the program itself shows the changed lines. */
  private logDifference(name: string, text: string, applied: string[] | undefined): void {
    if (applied === undefined) return;
    const lines = manifestDifference(applied, text);
    if (lines.length > 0) void pulumi.log.info(changedLinesText(name, lines));
  }

  private nameOnHost(name: string, parent: HostComponent): string {
    const unique = hostName(name, parent);
    if (this.names.has(unique)) {
      throw problemError({
        subject: `The component "${parent.name}" has two resources of one name`,
        given: `"${name}", twice`,
        allowed: "a name of its own for each",
      });
    }
    this.names.add(unique);
    return unique;
  }
}

/** Name of a resource on the host; it stays the same while the resource's parents and name do. */
function hostName(name: string, parent: HostComponent): string {
  const digest = shortDigest(`${parent.place}/${name}`);
  return `${name}-${digest}`;
}

function shortDigest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 6);
}
