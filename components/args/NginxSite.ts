import type * as pulumi from "@pulumi/pulumi";
import type { FileArgs } from "../../host/HostComponent";
import { integer, lines, listOf, yesOrNo } from "../../host/manifest/value";
import {
  absolutePath,
  loopbackAddress,
  port,
  serverName,
  siteName,
} from "../../host/manifest/values";
import { type Location, readDirectives } from "../nginx/directives";
import type { SiteLocations } from "../nginx/SiteLocations";
import {
  type ArgumentError,
  type ArgumentTable,
  required,
  withDefault,
  withoutDefault,
} from "./argument";

/** Inputs of `NginxSite`. */
export interface NginxSiteArgs extends FileArgs {
  /**
   * Name of the site, of its file in sites-available and of its log directories.
   *
   * @default the component's name
   */
  site?: string;
  /**
   * Names that the site answers to; the first is the canonical one.
   *
   * @example ["tracks.example.org", "*.tracks.example.org"]
   * @see https://nginx.org/en/docs/http/server_names.html
   */
  serverNames: pulumi.Input<readonly pulumi.Input<string>[]>;
  /** Port that the site listens on. @default 80 */
  listenPort?: pulumi.Input<number>;
  /**
   * Makes this site nginx's default_server, which answers names that no site has. One site of a port may be it:
   * set it to false on the others.
   *
   * @default true
   */
  defaultServer?: boolean;
  /** Directory for everything of the site. @example "/srv/tracks" */
  siteRoot: string;
  /**
   * Answers the requests that nginx does not serve itself, such as a `Uwsgi`.
   *
   * @default none: nginx serves a page that says that the site is not deployed yet
   */
  application?: {
    /** Address of uWSGI's socket, such as `127.0.0.1:8001`. */
    readonly socket: pulumi.Input<string>;
    /** Seconds after which uWSGI ends a request. */
    readonly harakiriSeconds: pulumi.Input<number>;
  };
  /**
   * Directory of the static files. @default "SITEROOT/SITE/staticfiles", those of the current
   * release; without an application "SITEROOT/static"
   */
  staticRoot?: string;
  /**
   * Directory of uploads, which outlives releases. @default "SITEROOT/shared/SITE/media"; without
   * an application "SITEROOT/media"
   */
  mediaRoot?: string;
  /** Further locations of the site, such as a `RobotsTxt`. @default none */
  locations?: readonly SiteLocations[];
  /**
   * nginx directives added at the end of the server block, as they are.
   *
   * @default none
   * @example "client_body_timeout 30s;"
   * @see https://nginx.org/en/docs/http/ngx_http_core_module.html#server
   */
  snippet?: pulumi.Input<string | undefined>;
}

/** Kinds of values of the arguments, and their defaults. */
export const nginxSiteArguments = {
  site: withoutDefault(siteName),
  serverNames: required(listOf(serverName, "names", { minimum: 1 })),
  listenPort: withDefault(port, 80),
  defaultServer: withDefault(yesOrNo, true),
  siteRoot: required(absolutePath),
  staticRoot: withoutDefault(absolutePath),
  mediaRoot: withoutDefault(absolutePath),
  "application.socket": withoutDefault(loopbackAddress),
  "application.harakiriSeconds": withoutDefault(integer("seconds", 1, 3600)),
  snippet: withoutDefault(lines("nginx directives for a server block")),
} satisfies ArgumentTable<NginxSiteArgs>;

/** Checks arguments together, and as nginx reads them. */
export function nginxSiteRules({
  snippet,
}: {
  readonly snippet?: string | undefined;
}): ArgumentError[] {
  return snippet === undefined ? [] : snippetErrors(snippet);
}

/** Finds what would break the site's server block, as far as the text shows it. */
function snippetErrors(snippet: string): ArgumentError[] {
  // A block of Lua has other rules.
  if (/_by_lua_block\b/.test(snippet)) return [];
  const { problem, locations } = readDirectives(snippet);
  const error = (given: string, allowed: string): ArgumentError => ({
    propertyPath: "snippet",
    given,
    allowed,
  });
  if (problem !== undefined)
    return [error(problem, "whole directives and blocks, each with its end")];
  return locations.flatMap((location) => {
    const given = `line ${location.line}: location ${location.modifier} ${location.path}`;
    if (isOurs(location)) return [error(given, "no location that the site itself has")];
    const taken = takenFrom(location);
    if (taken === undefined) return [];
    return [
      error(
        `${given}, which takes ${taken} from the site's own location, and has no directive that answers`,
        "a pattern that leaves /static/ and /media/ alone, or a block with its own alias, such as location ~ ^/static/(.+\\.css)$ { alias /srv/site/staticfiles/$1; expires 1d; }",
      ),
    ];
  });
}

/**
 * Whether the site has that location itself, in templates/nginx/site.conf.hbs or robots.conf.hbs: nginx accepts
 * it once.
 */
function isOurs({ modifier, path }: Location): boolean {
  return modifier === "="
    ? path === "/robots.txt"
    : ["", "^~"].includes(modifier) && ["/", "/static/", "/media/"].includes(path);
}

/** Directives that decide what a visitor gets; without one of them, nginx looks into a folder of its own. */
const answers =
  /^(?:root|alias|return|rewrite|deny|allow|internal|try_files|error_page|include|\w+_pass|proxy_.*|if|empty_gif|autoindex)$/;

/** A file that visitors would no longer get, since nginx tries a pattern before our locations. */
function takenFrom({ modifier, path, directives }: Location): string | undefined {
  if (!modifier.startsWith("~") || directives.some((name) => answers.test(name))) return undefined;
  try {
    const pattern = new RegExp(path, modifier === "~*" ? "i" : "");
    const ends = ["css", "js", "png", "jpg", "svg", "ico", "woff2", "pdf", "txt"];
    return ends
      .flatMap((end) => [`/static/file.${end}`, `/media/file.${end}`])
      .find((file) => pattern.test(file));
  } catch {
    // Only nginx can read the pattern.
    return undefined;
  }
}
