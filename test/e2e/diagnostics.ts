/** What Pulumi lists under `Diagnostics:`; above it the progress repeats the first line of each. */
export function diagnostics(printed: string): string {
  const [, listed = ""] = /^Diagnostics:\n([^]*)/m.exec(printed) ?? [];
  return listed;
}

/** How often the text is there. */
export const count = (text: string, part: string): number => text.split(part).length - 1;
