/** A location of a server block, as it is written. */
export interface Location {
  readonly line: number;
  /** `=`, `~`, `~*`, `^~`, or nothing. */
  readonly modifier: string;
  readonly path: string;
  /** Names of the directives in it. */
  readonly directives: readonly string[];
}

/** The structure of nginx directives, read from their text alone: only nginx knows their names. */
export interface Directives {
  /** The first place that nginx could not read, and why. */
  readonly problem: string | undefined;
  readonly locations: readonly Location[];
}

interface Token {
  readonly line: number;
  /** `word`, or the character itself: `;`, `{`, `}`; `open` is a quote without its end. */
  readonly kind: "word" | ";" | "{" | "}" | "open";
  readonly text: string;
}

/** Reads directives as nginx does. */
export function readDirectives(text: string): Directives {
  const locations: Location[] = [];
  const open: number[] = [];
  let words: Token[] = [];
  let location: (Location & { directives: string[] }) | undefined;
  for (const token of tokens(text)) {
    const [first] = words;
    const at = first ?? token;
    const refused = (what: string): Directives => ({
      problem: `line ${at.line}: ${what}`,
      locations,
    });
    switch (token.kind) {
      case "word":
        words.push(token);
        continue;
      case "open":
        return { problem: `line ${token.line}: a quote that is never closed`, locations };
      case "}":
        if (first !== undefined) return refused(`"${first.text}" has no ; at its end`);
        if (open.pop() === undefined)
          return refused("a } that closes no block here: it would close the server's");
        if (open.length === 0) location = undefined;
        break;
      case ";":
      case "{":
        if (first === undefined) return refused(`a ${token.kind} without a directive before it`);
        if (open.length > 0) location?.directives.push(first.text);
        else if (token.kind === "{" && first.text === "location") {
          location = locationOf(
            first.line,
            words.slice(1).map((word) => word.text),
          );
          locations.push(location);
        }
        if (token.kind === "{") open.push(token.line);
    }
    words = [];
  }
  const [first] = words;
  const unclosed = open.at(-1);
  return {
    problem:
      first !== undefined
        ? `line ${first.line}: "${first.text}" has no ; at its end`
        : unclosed !== undefined
          ? `line ${unclosed}: a { that is never closed`
          : undefined,
    locations,
  };
}

function locationOf(line: number, words: string[]): Location & { directives: string[] } {
  const [first = "", second] = words;
  return {
    line,
    modifier: second === undefined ? "" : first,
    path: second ?? first,
    directives: [],
  };
}

/** Blanks; a comment; a quoted word; `;`, `{` or `}`; a word, in which `\x` and `${x}` are parts. */
const lexeme =
  /\s+|#.*|(["'])((?:\\[^]|(?!\1)[^\\])*)(\1|$)|([;{}])|((?:\\[^]|\$\{|[^\s;{\\])(?:\\[^]|\$\{|[^\s;{\\])*)/gu;

function tokens(text: string): Token[] {
  let line = 1;
  return [...text.matchAll(lexeme)].flatMap(([all, quote, quoted, end, sign, word]): Token[] => {
    const at = line;
    line += all.split("\n").length - 1;
    if (quote !== undefined)
      return [{ line: at, kind: end === "" ? "open" : "word", text: quoted ?? "" }];
    if (sign !== undefined) return [{ line: at, kind: sign as ";" | "{" | "}", text: sign }];
    return word === undefined ? [] : [{ line: at, kind: "word", text: word }];
  });
}
