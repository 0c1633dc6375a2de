import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

// Compiled, this file lies elsewhere in the package, and the parts stay where they are.
const parts = join(dirname(require.resolve("tracks/package.json")), "host/script");
let assembled: string | undefined;

/** Directory of the host scripts, one per scope; only root may write to it. */
export const scriptDirectory = "/usr/local/libexec/tracks";

/**
 * Path of the script that the last `up` installed on the host; every user there may read it.
 *
 * @param scope project and stack, `PROJECT.STACK`
 */
export function installedScript(scope: string): string {
  return `${scriptDirectory}/${scope}`;
}

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
    .map(readPart)
    .join("");
  return assembled;
}

/**
 * One part as it stands in the script. A Python program, `python/NAME.py`, becomes the shell function
 * `python_NAME`, which prints it: it runs from stdin, as the user that it is meant for, and no file of
 * it lies on the host.
 */
function readPart(part: string): string {
  const text = readFileSync(join(parts, part), "utf8");
  if (!part.endsWith(".py")) return text;
  if (/^PYTHON$/m.test(text)) throw new Error(`${part}: a line "PYTHON" would end it early`);
  const name = basename(part, ".py").replaceAll("-", "_");
  return `\npython_${name}() {\n  cat <<'PYTHON'\n${text}PYTHON\n}\n`;
}

/** SHA-256 of {@link hostScript} in hex: what the installed script's `version` prints. */
export function hostScriptDigest(): string {
  return createHash("sha256").update(hostScript()).digest("hex");
}
