import type * as pulumi from "@pulumi/pulumi";
import type { Host } from "../../host/Host";
import type { FileArgs } from "../../host/HostComponent";
import { integer, listOf, oneOf, text } from "../../host/manifest/value";
import { groupName, loginName } from "../../host/manifest/values";
import {
  type ArgumentError,
  type ArgumentTable,
  required,
  withDefault,
  withoutDefault,
} from "./argument";

/** Inputs of `Logrotate`. */
export interface LogrotateArgs extends FileArgs {
  /** The host that has the logs. */
  host: Host;
  /** Name of the file in /etc/logrotate.d; the vendor's file of that name is kept in /var/lib/tracks/kept. */
  file: string;
  /** Absolute paths of the logs, or patterns. @example ["/var/log/nginx/*.log"] */
  logs: readonly string[];
  /** Shell lines to run once after a rotation, which make the program open its new log. */
  postrotate: string;
  /**
   * How often the logs are rotated.
   *
   * @default "daily"
   * @see https://man7.org/linux/man-pages/man8/logrotate.8.html
   */
  frequency?: pulumi.Input<"daily" | "weekly" | "monthly">;
  /** Number of rotated logs to keep. @default 52 */
  rotate?: pulumi.Input<number>;
  /**
   * Size in megabytes above which a log is rotated before its time. Needs Enterprise Linux 7 or newer.
   *
   * @default none
   */
  maxSizeMegabytes?: pulumi.Input<number | undefined>;
  /** Mode of the new log, in octal. @default "0640" */
  createMode?: pulumi.Input<string>;
  /** Owner of the new log. @default "root" */
  createOwner?: pulumi.Input<string>;
  /** Group of the new log. @default "root" */
  createGroup?: pulumi.Input<string>;
}

/** Arguments of a `Logrotate` that the component which writes the logs provides. */
export type LogRotation = Pick<
  LogrotateArgs,
  "file" | "logs" | "postrotate" | "createOwner" | "createGroup"
>;

const log = text("an absolute path or pattern, such as `/var/log/nginx/*.log`", /^\/[^\s"'{}]+$/);

/** Kinds of values of the arguments, and their defaults. */
export const logrotateArguments = {
  file: required(text("letters, digits, `_` and `-`", /^[A-Za-z0-9_-]+$/)),
  logs: required(listOf(log, "logs", { minimum: 1 })),
  frequency: withDefault(oneOf("daily", "weekly", "monthly"), "daily"),
  rotate: withDefault(integer("a number", 1, 3650), 52),
  maxSizeMegabytes: withoutDefault(integer("megabytes", 1, 1_048_576)),
  createMode: withDefault(text("four octal digits, such as `0640`", /^[0-7]{4}$/), "0640"),
  createOwner: withDefault(loginName, "root"),
} satisfies ArgumentTable<LogrotateArgs>;

/** Checks the group, which may be the host's placeholder for the `group` of a `LinuxUser`. */
export function logrotateRules({ createGroup }: { readonly createGroup: string }): ArgumentError[] {
  if (/^@@GROUP_OF [a-z_][a-z0-9_-]{0,31}@@$/.test(createGroup)) return [];
  if (groupName.schema.safeParse(createGroup).success) return [];
  const allowed = `${groupName.allowed}; or \`group\` of a LinuxUser`;
  return [{ propertyPath: "createGroup", given: JSON.stringify(createGroup), allowed }];
}
