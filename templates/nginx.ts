import { render } from "./render";

/** What nginx.conf depends on; see `NginxArgs` for the meaning and the defaults. */
export interface NginxConfView {
  /** Who writes the file, for its first line: see `HostComponent.program`. */
  program: string;
  user: string;
  workerProcesses: number | "auto";
  workerConnections: number;
  clientMaxBodySizeMegabytes: number;
}

/** What a site's server block depends on; see `NginxSiteArgs`. */
export interface SiteView {
  /** Who writes the file, for its first line: see `HostComponent.program`. */
  program: string;
  site: string;
  serverNames: readonly string[];
  listenPort: number;
  defaultServer: boolean;
  logDirectory: string;
  documentRoot: string;
  staticRoot: string;
  mediaRoot: string;
  /** The application behind the site; without one a page stands in for it. */
  application: { socket: string; harakiriSeconds: number } | undefined;
  snippet: string | undefined;
}

/** The text of /etc/nginx/nginx.conf; facts of the host stand in it as placeholders. */
export function renderNginxConf(view: NginxConfView): string {
  return render("nginx/nginx.conf.hbs", view);
}

/** The text of a file in sites-available. */
export function renderSite(view: SiteView): string {
  return render("nginx/site.conf.hbs", {
    ...view,
    application: view.application && {
      socket: view.application.socket,
      // It may wait for another one to end and for the application to load, then take its own time.
      readSeconds: 2 * view.application.harakiriSeconds + 30,
    },
    staticUrl: "/static/",
    mediaUrl: "/media/",
    // Relative to nginx.conf, as every include of ours, so that a candidate includes its own.
    locationsDirectory: `locations/${view.site}`,
    snippet: view.snippet === undefined ? "" : indent(view.snippet),
  });
}

/** The location of /robots.txt. */
export function renderRobotsLocation(view: { program: string; path: string }): string {
  return render("nginx/robots.conf.hbs", view);
}

/** The page that stands in for the application. */
export function renderPlaceholderPage(view: { title: string }): string {
  return render("nginx/index.html.hbs", view);
}

function indent(lines: string): string {
  return lines
    .trimEnd()
    .split("\n")
    .map((line) => (line === "" ? "" : `    ${line}`))
    .join("\n");
}
