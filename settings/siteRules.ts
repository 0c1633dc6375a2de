import type { Fault } from "./fault";
import { setCommand } from "./key";
import { type Location, readDirectives } from "./nginxDirectives";
import type { Reading } from "./read";
import { type KeyName, keyNames, fullName, keys } from "./schema";
import { Secret } from "../host/secret";

/** What would break the site's server block, as far as it shows in the text. */
export function checkSite({ values }: Reading): Fault[] {
  const { siteSnippet } = values;
  return [
    ...keyNames.flatMap((name) => placeholderFaults(name, values[name])),
    ...(siteSnippet === undefined ? [] : snippetFaults(siteSnippet)),
  ];
}

/** The host fills these in, in every file that is not secret. */
const placeholder = /@@[A-Z][A-Z0-9_]*(?: [^@]*)?@@/;

function placeholderFaults(name: KeyName, value: unknown): Fault[] {
  const found = value instanceof Secret ? null : placeholder.exec(JSON.stringify([value]));
  if (found === null) return [];
  return [
    {
      key: fullName(name),
      given: `${found[0]} in it`,
      allowed: "no @@NAME@@: on the host, a fact of it would take its place",
      mend: setCommand(fullName(name), keys[name]),
    },
  ];
}

function snippetFaults(snippet: string): Fault[] {
  // What is in a block of Lua has other rules.
  if (/_by_lua_block\b/.test(snippet)) return [];
  const { fault, locations } = readDirectives(snippet);
  const key = fullName("siteSnippet");
  const mend = `correct it, with pulumi config set ${key} or in the stack's file`;
  if (fault !== undefined)
    return [{ key, given: fault, allowed: "whole directives and blocks, each with its end", mend }];
  return locations.flatMap((location) => {
    const given = `line ${location.line}: location ${location.modifier} ${location.path}`;
    if (isOurs(location))
      return [{ key, given, allowed: "no location that the site has by itself", mend }];
    const taken = takenFrom(location);
    if (taken === undefined) return [];
    return [
      {
        key,
        given: `${given}, which takes ${taken} from the site's own location, and says nowhere what answers`,
        allowed:
          "a pattern that leaves /static/ and /media/ alone, or a block with its own alias, such as location ~ ^/static/(.+\\.css)$ { alias /microarray/tracks/staticfiles/$1; expires 1d; }",
        mend,
      },
    ];
  });
}

/** nginx takes a location once; templates/nginx/site.conf.hbs and robots.conf.hbs have these. */
function isOurs({ modifier, path }: Location): boolean {
  return modifier === "="
    ? path === "/robots.txt"
    : ["", "^~"].includes(modifier) && ["/", "/static/", "/media/"].includes(path);
}

/** What decides what a visitor gets; without one of them, nginx looks into a folder of its own. */
const answers =
  /^(?:root|alias|return|rewrite|deny|allow|internal|try_files|error_page|include|\w+_pass|proxy_.*|if|empty_gif|autoindex)$/;

/** A file that visitors would no longer get, since a pattern goes before our locations. */
function takenFrom({ modifier, path, directives }: Location): string | undefined {
  if (!modifier.startsWith("~") || directives.some((name) => answers.test(name))) return undefined;
  try {
    const pattern = new RegExp(path, modifier === "~*" ? "i" : "");
    const ends = ["css", "js", "png", "jpg", "svg", "ico", "woff2", "pdf", "txt"];
    return ends
      .flatMap((end) => [`/static/file.${end}`, `/media/file.${end}`])
      .find((file) => pattern.test(file));
  } catch {
    // A pattern that only nginx knows.
    return undefined;
  }
}
