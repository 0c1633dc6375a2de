import { render } from "./render";

/** Values in nginx.conf; see `NginxArgs` for their meaning and defaults. */
export interface NginxConfView {
  /** Name of the program, for the first line of the file: see `HostComponent.program`. */
  program: string;
  user: string;
  workerProcesses: number | "auto";
  workerConnections: number;
  clientMaxBodySizeMegabytes: number;
}

/** Values in a site's server block; see `NginxSiteArgs`. */
export interface SiteView {
  /** Name of the program, for the first line of the file: see `HostComponent.program`. */
  program: string;
  site: string;
  serverNames: readonly string[];
  listenPort: number;
  defaultServer: boolean;
  logDirectory: string;
  documentRoot: string;
  staticRoot: string;
  mediaRoot: string;
  /** The application behind the site; without one nginx serves a placeholder page. */
  application: { socket: string; harakiriSeconds: number } | undefined;
  snippet: string | undefined;
}

/** The text of /etc/nginx/nginx.conf, with placeholders for facts of the host. */
export function renderNginxConf(view: NginxConfView): string {
  return render("nginx/nginx.conf.hbs", view);
}

/** The text of a file in sites-available. */
export function renderSite(view: SiteView): string {
  return render("nginx/site.conf.hbs", {
    ...view,
    application: view.application && {
      socket: view.application.socket,
      // A request may wait for another one to end and for the application to load, before its own time begins.
      readSeconds: 2 * view.application.harakiriSeconds + 30,
    },
    staticUrl: "/static/",
    mediaUrl: "/media/",
    // Relative to nginx.conf, like all our includes, so that a copy for a test includes its own files.
    locationsDirectory: `locations/${view.site}`,
    snippet: view.snippet?.trimEnd() ?? "",
  });
}

/** The location of /robots.txt. */
export function renderRobotsLocation(view: { program: string; path: string }): string {
  return render("nginx/robots.conf.hbs", view);
}

/** The placeholder page of a site without an application. */
export function renderPlaceholderPage(view: { title: string }): string {
  return render("nginx/index.html.hbs", view);
}
