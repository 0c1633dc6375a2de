import { lineDifference } from "../lineDifference";
import { isSecretLine } from "./secretEntry";

const secretBlock = "| [secret]";

/**
 * The lines that differ between the manifest last applied and the next one, as `- ` and `+ `.
 *
 * Both sides are masked alike: the host returns `[secret]` for every secret block, and this function
 * masks the next manifest the same way. So it compares and shows plain lines only.
 */
export function manifestDifference(applied: readonly string[], text: string): string[] {
  return lineDifference(maskSecrets(applied), maskSecrets(text.trimEnd().split("\n")));
}

/** What the program itself says of a resource whose lines Pulumi does not show. */
export function changedLinesText(name: string, lines: readonly string[]): string {
  return `${name} changes:\n${lines.join("\n")}`;
}

/** Reads {@link changedLinesText}; undefined for any other text. */
export function readChangedLines(text: string): { name: string; lines: string[] } | undefined {
  const [, name, rest] = /^(\S+) changes:\n((?:[-+](?: .*)?(?:\n|$))+)$/.exec(text) ?? [];
  if (name === undefined || rest === undefined) return undefined;
  return { name, lines: rest.replace(/\n$/, "").split("\n") };
}

function maskSecrets(lines: readonly string[]): string[] {
  const masked: string[] = [];
  let inSecret = false;
  for (const line of lines) {
    // The login that applied it says nothing about the host.
    if (line.startsWith("via ")) continue;
    const isBlock = line.startsWith("|");
    if (!isBlock) inSecret = isSecretLine(line);
    if (!isBlock || !inSecret) masked.push(line);
    else if (masked.at(-1) !== secretBlock) masked.push(secretBlock);
  }
  return masked;
}
