/**
 * A docstring, a string or a comment of Python. Each is matched as a whole, so that a `#` in a string begins
 * no comment, and a quote in a comment no string.
 */
const token = /("""|''')(?:\\[^]|(?!\1)[^])*?\1|("|')(?:\\[^]|(?!\2)[^\\\n])*\2|#[^\n]*/g;

/**
 * Removes comments from Python code, and empties docstrings. Line breaks outside of these stay.
 */
export function pythonCode(text: string): string {
  return text.replace(token, (match: string, docstring?: string) => {
    if (match.startsWith("#")) return "";
    return docstring === undefined ? match : '""';
  });
}

/**
 * Values that the code gives to a variable of the environment.
 *
 * @param code as pythonCode() returns it
 * @returns for each assignment the string, or undefined for an expression
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
