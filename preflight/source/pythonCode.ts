/**
 * A docstring, a string or a comment of Python: what must be read as a whole, lest a `#` in a string
 * begin a comment, or a quote in a comment a string.
 */
const token = /("""|''')(?:\\[^]|(?!\1)[^])*?\1|("|')(?:\\[^]|(?!\2)[^\\\n])*\2|#[^\n]*/g;

/**
 * Python code without what only people read: comments go, docstrings become empty strings. Line
 * breaks stay where they are outside of these.
 */
export function pythonCode(text: string): string {
  return text.replace(token, (match: string, docstring?: string) => {
    if (match.startsWith("#")) return "";
    return docstring === undefined ? match : '""';
  });
}

/**
 * What a variable of the environment is set to, wherever the code sets it.
 *
 * @param code as pythonCode() gives it
 * @returns for each place the string, or undefined for an expression
 */
export function assignedValues(code: string, variable: string): (string | undefined)[] {
  const name = `(["'])${variable}\\1`;
  const value = `\\s*(?:(["'])([^"'\\n]*)\\2\\s*[,)}\\n;]|[^=])`;
  const ways = [
    `environ\\s*\\.\\s*setdefault\\s*\\(\\s*${name}\\s*,${value}`,
    `\\bputenv\\s*\\(\\s*${name}\\s*,${value}`,
    `environ\\s*\\[\\s*${name}\\s*\\]\\s*=${value}`,
    `environ\\s*\\.\\s*update\\s*\\([^)]*?${name}\\s*:${value}`,
    `environ\\s*\\.\\s*update\\s*\\([^)]*?\\b()${variable}\\s*=${value}`,
  ];
  return ways.flatMap((way) =>
    [...`${code}\n`.matchAll(new RegExp(way, "g"))].map((match) => match[3]),
  );
}
