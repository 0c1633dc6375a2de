import type { remote } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import { HostComponent } from "../host/HostComponent";
import type { Host } from "../host/Host";
import type { ManifestEntry, ResourceManifest } from "../host/manifest/manifest";
import { type LogrotateView, renderLogrotate, renderWritableLogs } from "../templates/logrotate";
import { whenKnown } from "./whenKnown";

/** Inputs of {@link Logrotate}. */
export interface LogrotateArgs {
  host: Host;
  /** Name of the file in /etc/logrotate.d; the vendor's of the same name is kept aside. */
  file: string;
  /** The logs, as paths or patterns. */
  logs: readonly string[];
  /** Shell lines run once after a rotation: how the writer is told to open its new log. */
  postrotate: string;
  /** @default "daily" */
  frequency?: pulumi.Input<LogrotateView["frequency"]>;
  /** Rotated logs that are kept. @default 52 */
  rotate?: pulumi.Input<number>;
  /** Also rotated when larger than this, megabytes. @default never for its size alone */
  maxSizeMegabytes?: pulumi.Input<number | undefined>;
  /** Permission bits of the new log, in octal. @default "0640" */
  createMode?: pulumi.Input<string>;
  /** Owner of the new log. @default "root" */
  createOwner?: pulumi.Input<string>;
  /** Group of the new log. @default "root" */
  createGroup?: pulumi.Input<string>;
}

/** What a program says about the rotation of its logs. */
export type LogRotation = Pick<
  LogrotateArgs,
  "file" | "logs" | "postrotate" | "createOwner" | "createGroup"
>;

/**
 * How one program's logs are rotated.
 *
 * The host script validates the whole logrotate configuration before the new file counts, since
 * one bad or doubled entry stops the rotation of other logs too.
 */
export class Logrotate extends HostComponent {
  readonly command: remote.Command;

  constructor(name: string, args: LogrotateArgs, opts?: pulumi.ComponentResourceOptions) {
    super({ type: "Logrotate" }, name, opts);
    const values = {
      logs: args.logs,
      frequency: args.frequency ?? "daily",
      rotate: args.rotate ?? 52,
      maxSizeMegabytes: args.maxSizeMegabytes,
      createMode: args.createMode ?? "0640",
      createOwner: args.createOwner ?? "root",
      createGroup: args.createGroup ?? "root",
      postrotate: args.postrotate,
    };
    const manifest = whenKnown(values, (view): ResourceManifest => ({
      subsystem: "logrotate",
      entries: [
        { kind: "file", path: `/etc/logrotate.d/${args.file}`, content: renderLogrotate(view) },
        ...writableLogs(args.file, args.logs),
      ],
    }));
    this.command = args.host.converge(name, manifest, { parent: this });
    this.registerOutputs({ logs: args.logs });
  }
}

/**
 * The service that rotates on Enterprise Linux 9 and 10 sees /etc, /usr and /boot read-only: logs there
 * would never be rotated, though logrotate by hand rotates them.
 */
function writableLogs(file: string, logs: readonly string[]): ManifestEntry[] {
  const directories = [...new Set(logs.map(directoryOf))].filter((directory) =>
    /^\/(etc|usr|boot)(\/|$)/.test(directory),
  );
  if (directories.length === 0) return [];
  const unit = "logrotate.service";
  const dropIns = `/etc/systemd/system/${unit}.d`;
  return [
    { kind: "directory", path: dropIns, unit },
    {
      kind: "file",
      path: `${dropIns}/tracks-${file}.conf`,
      unit,
      content: renderWritableLogs(directories),
    },
  ];
}

/** The directory that a log, or all that a pattern stands for, lies in. */
function directoryOf(log: string): string {
  return log.replace(/[*?[{].*$/, "").replace(/\/[^/]*$/, "");
}
