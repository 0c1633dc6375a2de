/** The lines of a manifest's entries, without its head and its end; with those of files, but for comments. */
export function entryLines(manifest = ""): string[] {
  const lines = manifest.split("\n");
  const head = lines.findIndex((line) => line.startsWith("via "));
  return lines.slice(head + 1, lines.lastIndexOf("end")).filter((line) => !line.startsWith("| #"));
}

/** The same without the lines of files. */
export function entryHeads(manifest?: string): string[] {
  return entryLines(manifest).filter((line) => !line.startsWith("|"));
}
