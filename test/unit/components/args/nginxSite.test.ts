import { describe, expect, it } from "vitest";
import { nginxSiteRules } from "../../../../components/args/NginxSite";

/** What is wrong with a snippet, as `given -> allowed`. */
const errorsOf = (snippet: string | undefined): string[] =>
  nginxSiteRules({ snippet }).map(({ propertyPath, given, allowed }) => {
    expect(propertyPath).toBe("snippet");
    return `${given} -> ${allowed}`;
  });

it.each([
  undefined,
  "gzip on;",
  "location /other/ { root /srv; }",
  "location /static/fonts/ { root /srv; }",
  "location = /static/ { return 404; }",
  "location = / { return 302 /start/; }",
  "location /robots.txt { return 404; }",
  // nginx reads Lua by other rules.
  "content_by_lua_block { if x then } '",
])("takes %j", (snippet) => {
  expect(errorsOf(snippet)).toEqual([]);
});

it("refuses what nginx can't read, by its first place", () => {
  expect(errorsOf("gzip on;\nlocation / {")).toEqual([
    "line 2: a { that is never closed -> whole directives and blocks, each with its end",
  ]);
});

it.each(["= /robots.txt", "/", "^~ /", "/static/", "^~ /static/", "/media/", "^~ /media/"])(
  "refuses location %s, which the site has itself",
  (location) => {
    expect(errorsOf(`gzip on;\nlocation ${location} { return 404; }`)).toEqual([
      `line 2: location ${location.startsWith("/") ? ` ${location}` : location} -> no location that the site itself has`,
    ]);
  },
);

describe("a pattern, which nginx tries before our locations", () => {
  const taken = (location: string, directives = "expires 1d;") => {
    const [error] = errorsOf(`location ${location} { ${directives} }`);
    return /^line 1: location .*, which takes (\S+) from .*alias/.exec(error ?? "")?.[1];
  };

  it.each([
    ["~ \\.css$", "/static/file.css"],
    ["~* \\.(JS|PNG)$", "/static/file.js"],
    ["~ ^/media/", "/media/file.css"],
    ["~ ^/media/.*\\.(png|jpg)$", "/media/file.png"],
    ["~ \\.svg$", "/static/file.svg"],
    ["~ \\.ico$", "/static/file.ico"],
    ["~ \\.woff2$", "/static/file.woff2"],
    ["~ \\.pdf$", "/static/file.pdf"],
    ["~ \\.txt$", "/static/file.txt"],
    ["~ /", "/static/file.css"],
  ])("is refused where it takes files of ours: %s takes %s", (location, file) => {
    expect(taken(location)).toBe(file);
  });

  it.each(["~ \\.CSS$", "~ \\.php$", "~ ^/other/", "~ (?<a>x)(?P<b>y)\\.css$"])(
    "is taken where it leaves them alone, or only nginx can read it: %s",
    (location) => {
      expect(taken(location)).toBeUndefined();
    },
  );

  it.each([
    ...["root", "alias", "return", "rewrite", "deny", "allow", "internal", "try_files"],
    ...["error_page", "include", "uwsgi_pass", "proxy_set_header", "if", "empty_gif", "autoindex"],
  ])("is taken where %s in it decides the answer", (directive) => {
    expect(taken("~ \\.css$", `expires 1d; ${directive} x;`)).toBeUndefined();
  });

  it.each(["root_x", "x_root", "expires", "pass"])("is refused with %s alone", (directive) => {
    expect(taken("~ \\.css$", `${directive} x;`)).toBe("/static/file.css");
  });
});
