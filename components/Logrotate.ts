import type { remote } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import { HostComponent } from "../host/HostComponent";
import type { ManifestEntry, ResourceManifest } from "../host/manifest/manifest";
import { renderLogrotate, renderWritableLogs } from "../templates/logrotate";
import { withDefaults } from "./args/argument";
import { logrotateArguments, type LogrotateArgs, logrotateRules } from "./args/Logrotate";
import { checked } from "./whenKnown";

/**
 * Rotation of one program's logs.
 *
 * The host script validates the whole logrotate configuration before it installs the new file, since one bad or
 * duplicate entry stops the rotation of other logs too.
 *
 * @example
 * ```ts
 * new Logrotate("nginx-logs", { host, ...nginx.rotation, rotate: 14 });
 * ```
 */
export class Logrotate extends HostComponent {
  readonly command: remote.Command;

  constructor(name: string, args: LogrotateArgs, opts?: pulumi.ComponentResourceOptions) {
    const { host, transform, ...rest } = withDefaults(logrotateArguments, args);
    super({ type: "Logrotate", transform }, name, { file: args.file, logs: args.logs }, opts);
    const values = {
      ...rest,
      maxSizeMegabytes: args.maxSizeMegabytes,
      createGroup: args.createGroup ?? "root",
    };
    const whenKnown = checked(this.title, logrotateArguments, values, logrotateRules);
    const manifest = whenKnown((view): ResourceManifest => ({
      subsystem: "logrotate",
      entries: [
        {
          kind: "file",
          path: `/etc/logrotate.d/${args.file}`,
          content: renderLogrotate({ program: this.program, ...view }),
        },
        ...writableLogs(this.program, args.file, args.logs),
      ],
    }));
    this.command = host.converge(name, manifest, { parent: this });
    this.registerOutputs({ logs: args.logs });
  }
}

/**
 * On Enterprise Linux 9 and 10 logrotate's service can only read /etc, /usr and /boot: without this it would
 * never rotate logs there, although logrotate does when run by hand.
 */
function writableLogs(program: string, file: string, logs: readonly string[]): ManifestEntry[] {
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
      content: renderWritableLogs({ program, directories }),
    },
  ];
}

/** The directory of a log, or of all logs that match a pattern. */
function directoryOf(log: string): string {
  return log.replace(/[*?[{].*$/, "").replace(/\/[^/]*$/, "");
}
