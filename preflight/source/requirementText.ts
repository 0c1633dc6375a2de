/** Python's comment that names a file's encoding, in one of its first two lines. */
const coding = /^#.*?coding[:=]\s*([-\w.]+)/;

/**
 * Decodes a requirements file as pip does.
 *
 * @returns undefined where that fails
 */
export function decodeRequirements(content: Buffer): string | undefined {
  try {
    return new TextDecoder(encodingOf(content), { fatal: true }).decode(content);
  } catch {
    return undefined;
  }
}

function encodingOf(content: Buffer): string {
  // The decoder drops a byte order mark by itself.
  if (content[0] === 0xfe && content[1] === 0xff) return "utf-16be";
  if (content[0] === 0xff && content[1] === 0xfe) return "utf-16le";
  for (const line of content.toString("latin1").split("\n", 2)) {
    const name = coding.exec(line)?.[1]?.toLowerCase().replaceAll("_", "-");
    // Python writes latin-1 and utf8 where the web writes latin1 and utf-8.
    if (name !== undefined) return name.replace(/^latin-/, "latin").replace(/^utf8$/, "utf-8");
  }
  return "utf-8";
}

/** The line breaks of Python's splitlines(). */
// eslint-disable-next-line no-control-regex -- They are among them.
const lineBreak = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/;

/** Lines without comments and empty lines; a line with a backslash at its end continues in the next one. */
export function logicalLines(text: string): string[] {
  const lines: string[] = [];
  let whole = "";
  for (const line of [...text.split(lineBreak), ""]) {
    const isComment = /^\s*#/.test(line);
    if (line.endsWith("\\") && !isComment) {
      whole += line.replace(/^\\+|\\+$/g, "");
      continue;
    }
    const finished = `${whole}${isComment ? " " : ""}${line}`.replace(/(^|\s+)#.*$/, "").trim();
    if (finished !== "") lines.push(finished);
    whole = "";
  }
  return lines;
}
