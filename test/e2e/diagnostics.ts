import { expect } from "vitest";
import type { Deployment } from "./deployment";

/** What Pulumi lists under `Diagnostics:`; above it the progress repeats the first line of each. */
export function diagnostics(printed: string): string {
  const [, listed = ""] = /^Diagnostics:\n([^]*)/m.exec(printed) ?? [];
  return listed;
}

/** How often the text is there. */
export const count = (text: string, part: string): number => text.split(part).length - 1;

/**
 * Neither preview nor up gets past it, and each says so once, as its only error.
 *
 * @returns what both printed
 */
export async function expectRefusal(deployment: Deployment, message: string): Promise<string> {
  let printed = "";
  for (const command of [["preview"], ["up", "--yes", "--skip-preview"]]) {
    const { exitCode, text } = await deployment.pulumi(...command);
    expect(exitCode, text).not.toBe(0);
    expect(count(diagnostics(text), message), text).toBe(1);
    expect(count(diagnostics(text), "error: "), text).toBe(1);
    expect(text).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
    printed += text;
  }
  return printed;
}
