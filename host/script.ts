import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const parts = join(__dirname, "script");
let assembled: string | undefined;

/**
 * The script that runs on the host, as one text: the parts in `host/script/`, in the order that the
 * file `order` there gives.
 *
 * Its first line is `#!/bin/bash`, its last one `# end of the tracks host script`, so that the
 * command that installs it can tell whether it arrived whole.
 */
export function hostScript(): string {
  assembled ??= readFileSync(join(parts, "order"), "utf8")
    .trimEnd()
    .split("\n")
    .map((part) => readFileSync(join(parts, part), "utf8"))
    .join("");
  return assembled;
}

/** SHA-256 of {@link hostScript} in hex: what the installed script's `version` prints. */
export function hostScriptDigest(): string {
  return createHash("sha256").update(hostScript()).digest("hex");
}
