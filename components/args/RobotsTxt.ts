import type * as pulumi from "@pulumi/pulumi";
import type { Host } from "../../host/Host";
import type { FileArgs } from "../../host/HostComponent";
import { listOf, text } from "../../host/manifest/value";
import { absolutePath } from "../../host/manifest/values";
import { type ArgumentTable, required, withDefault } from "./argument";

/** Inputs of `RobotsTxt`. */
export interface RobotsTxtArgs extends FileArgs {
  /** The host that serves it. */
  host: Host;
  /** Path of the file on the host, in a directory of its own. @example "/srv/tracks/robots/robots.txt" */
  path: string;
  /**
   * Lines of the file.
   *
   * @default ["User-agent: *", "Disallow: /"]: no crawler may read anything
   * @see https://www.rfc-editor.org/rfc/rfc9309
   */
  rules?: pulumi.Input<readonly pulumi.Input<string>[]>;
}

const line = text(
  "one line, `FIELD: VALUE` or `# COMMENT`",
  /^(?:#\P{Cc}*|[A-Za-z-]+:(?: \P{Cc}*)?)$/u,
);

/** Kinds of values of the arguments, and their defaults. */
export const robotsTxtArguments = {
  path: required(absolutePath),
  rules: withDefault(listOf(line, "lines", { minimum: 1, repeats: true }), [
    "User-agent: *",
    "Disallow: /",
  ]),
} satisfies ArgumentTable<RobotsTxtArgs>;
