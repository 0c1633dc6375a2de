import { describe, expect, it } from "vitest";
import { readDirectives } from "../../../../components/nginx/directives";

/** The locations of a text that nginx can read, as one line each. */
function locations(text: string): string[] {
  const { problem, locations: found } = readDirectives(text);
  expect(problem).toBeUndefined();
  return found.map(({ line, modifier, path, directives }) =>
    [line, modifier, path, `{${directives.join(" ")}}`].join(" "),
  );
}

describe("locations", () => {
  it.each<[text: string, found: string[]]>([
    ["", []],
    ["gzip on; gzip_vary on;", []],
    ["location /a/ { root /srv; }", ["1  /a/ {root}"]],
    ["location = /a { return 204; }\nlocation ^~ /b/ {}", ["1 = /a {return}", "2 ^~ /b/ {}"]],
    [
      'location ~ "\\.(css|js)$" {\n  expires 1d;\n  add_header A b;\n}',
      ["1 ~ \\.(css|js)$ {expires add_header}"],
    ],
    ["location ~* '^/x{2}' { deny all; }", ["1 ~* ^/x{2} {deny}"]],
    // A block within, and a location within a location, which nginx allows.
    ["location / { if ($a) { return 403; } root /b; }\ngzip on;", ["1  / {if return root}"]],
    ["location / { location /in/ { alias /x; } }", ["1  / {location alias}"]],
    ["if ($a) { return 403; }\nlocation /b/ { }", ["2  /b/ {}"]],
    // What follows a location belongs to the server.
    ["location /a/ { }\nroot /srv;\nif ($x) { return 1; }", ["1  /a/ {}"]],
    ["\n\n# location /no/ { }\nlocation # here\n  /yes/ { }", ["4  /yes/ {}"]],
    ["set $location x;\nlocation /${a}b/ { }", ["2  /${a}b/ {}"]],
  ])("of %j", (text, found) => {
    expect(locations(text)).toEqual(found);
  });
});

describe("what nginx can't read", () => {
  it.each<[text: string, problem: string]>([
    ["gzip on", 'line 1: "gzip" has no ; at its end'],
    ["\n\ngzip\n  on", 'line 3: "gzip" has no ; at its end'],
    ["location / { root /a }", 'line 1: "root" has no ; at its end'],
    ["location / {\n  if ($a) {\n    return 1;\n", "line 2: a { that is never closed"],
    ["location / {\n  if ($a) {\n    return 1;\n  }\n", "line 1: a { that is never closed"],
    ["gzip on;\n}\n", "line 2: a } that closes no block here: it would close the server's"],
    ["location / { } }", "line 1: a } that closes no block here: it would close the server's"],
    ["gzip on;;", "line 1: a ; without a directive before it"],
    ["gzip on;\n{ }", "line 2: a { without a directive before it"],
    ['gzip on;\nadd_header X "yes;\n', "line 2: a quote that is never closed"],
    ["add_header X 'yes;\n\"", "line 1: a quote that is never closed"],
    ['add_header X "yes\\";', "line 1: a quote that is never closed"],
  ])("%j has a line and a reason", (text, problem) => {
    expect(readDirectives(text).problem).toBe(problem);
  });

  it("still has the locations before it", () => {
    expect(readDirectives("location /a/ { }\n}\nlocation /b/ { }").locations).toHaveLength(1);
  });
});

describe("no mark of a block or an end is", () => {
  it.each([
    'add_header X "}{;";',
    "add_header X '}{;\"';",
    'add_header X "a\\"};";',
    'add_header X "two\nlines";',
    "add_header X a\\;b;",
    "add_header X a\\}b\\{;",
    "set ${where} a${b}c;",
    "# } { ' \"\ngzip on;",
    "gzip on; # '",
    "a b\\\\;",
  ])("within %j", (text) => {
    expect(readDirectives(text).problem).toBeUndefined();
  });
});
