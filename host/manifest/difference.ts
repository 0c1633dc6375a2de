import { diffLines } from "diff";
import { isSecretLine } from "./secretEntry";

const secretBlock = "| [secret]";

/**
 * The lines that differ between the manifest last applied and the one to come, as `- ` and `+ `.
 *
 * Both sides are masked alike: the host hands out `[secret]` in place of every secret block, and
 * so does this function for the text to come, so that only plain lines are ever compared or shown.
 */
export function manifestDifference(applied: readonly string[], text: string): string[] {
  const before = maskSecrets(applied).join("\n") + "\n";
  const after = maskSecrets(text.trimEnd().split("\n")).join("\n") + "\n";
  return diffLines(before, after)
    .filter((part) => part.added || part.removed)
    .flatMap((part) =>
      part.value
        .trimEnd()
        .split("\n")
        .map((line) => `${part.added ? "+" : "-"} ${line}`),
    );
}

function maskSecrets(lines: readonly string[]): string[] {
  const masked: string[] = [];
  let inSecret = false;
  for (const line of lines) {
    // Who applied it is kept apart on the host, and is no property of it.
    if (line.startsWith("via ")) continue;
    const isBlock = line.startsWith("|");
    if (!isBlock) inSecret = isSecretLine(line);
    if (!isBlock || !inSecret) masked.push(line);
    else if (masked.at(-1) !== secretBlock) masked.push(secretBlock);
  }
  return masked;
}
