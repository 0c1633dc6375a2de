import type * as pulumi from "@pulumi/pulumi";
import { applicationPaths, defaultSiteRoot } from "./django/paths";
import { HostComponent } from "../host/HostComponent";
import type { ManifestEntry } from "../host/manifest/manifest";
import { literally, subtree } from "../host/manifest/subtree";
import { renderPlaceholderPage, renderSite } from "../templates/nginx";
import type { Nginx } from "./Nginx";

/** Inputs of {@link NginxSite}. */
export interface NginxSiteArgs {
  nginx: Nginx;
  /** Name of the site's file in sites-available. @default the component's name */
  site?: string;
  /** Names that the site answers to; the first is the canonical one. */
  serverNames: readonly string[];
  /** Port that the site listens on. @default 80 */
  listenPort?: number;
  /** Also answers requests for names that no site has. @default true */
  defaultServer?: boolean;
  /** Directory below which everything of the site lies. @default "/microarray" */
  siteRoot?: string;
  /**
   * The application that answers whatever nginx does not serve itself.
   *
   * @default none: a page says that it is not deployed yet
   */
  application?: {
    /** Where uWSGI listens, such as `127.0.0.1:8001`. */
    socket: string;
    /** Seconds after which uWSGI gives a request up. */
    harakiriSeconds: number;
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
  /** nginx directives added at the end of the server block, as they are. @default none */
  snippet?: string;
}

/**
 * Ports that SELinux's policy lets a web server listen on without being told, on every Enterprise
 * Linux: 81 and 9000 are among them from 7 on only, and a rule of ours does no harm there.
 */
const selinuxHttpPorts = [80, 443, 488, 8008, 8009, 8443];

/** One site of nginx: its server block, its link in sites-enabled, its logs and what it serves itself. */
export class NginxSite extends HostComponent {
  readonly site: string;
  /** Directory of the site's access and error log. */
  readonly logDirectory: string;
  /** Where a visitor finds the site. */
  readonly url: string;
  private readonly nginx: Nginx;

  constructor(name: string, args: NginxSiteArgs, opts?: pulumi.ComponentResourceOptions) {
    super("NginxSite", name, opts);
    this.nginx = args.nginx;
    this.site = args.site ?? name;
    const port = args.listenPort ?? 80;
    this.url = `http://${args.serverNames[0] ?? "localhost"}${port === 80 ? "" : `:${port}`}`;
    this.logDirectory = `${this.nginx.logs}/domains/${this.site}/log`;

    this.nginx.add([
      ...this.logDirectories(),
      ...served(args, this.site),
      ...this.serverBlock(args),
      ...selinuxPort(port),
    ]);
    if (args.defaultServer ?? true) this.nginx.takeDefaultServer();
    this.registerOutputs({ site: this.site, url: this.url });
  }

  /**
   * Adds locations to the site's server block, in a file of their own.
   *
   * @param concern name of the file, such as `robots`
   * @param dependsOn what makes the paths that the locations serve
   */
  addLocations(concern: string, content: string, ...dependsOn: pulumi.Resource[]): void {
    const path = `${this.locationsDirectory()}/${concern}.conf`;
    this.nginx.add([{ kind: "file", path, content, context: "httpd_config_t" }], dependsOn);
  }

  private locationsDirectory(): string {
    return `${this.nginx.locations}/${this.site}`;
  }

  private logDirectories(): ManifestEntry[] {
    const { logs } = this.nginx;
    const site = this.site;
    return [
      `${logs}/nginx/${site}`,
      `${logs}/nginx/${site}/log`,
      `${logs}/domains/${site}`,
      this.logDirectory,
    ].map((path) => this.nginx.logDirectory(path));
  }

  private serverBlock(args: NginxSiteArgs): ManifestEntry[] {
    const siteRoot = args.siteRoot ?? defaultSiteRoot;
    const content = renderSite({
      site: this.site,
      serverNames: args.serverNames,
      listenPort: args.listenPort ?? 80,
      defaultServer: args.defaultServer ?? true,
      logDirectory: this.logDirectory,
      documentRoot: `${siteRoot}/html`,
      ...servedRoots(args, this.site),
      application: args.application,
      snippet: args.snippet,
    });
    const { sitesAvailable, sitesEnabled, sitesOwner } = this.nginx;
    return [
      { kind: "directory", path: this.locationsDirectory(), context: "httpd_config_t" },
      {
        kind: "file",
        path: `${sitesAvailable}/${this.site}`,
        owner: sitesOwner,
        context: "httpd_config_t",
        content,
      },
      {
        kind: "symlink",
        path: `${sitesEnabled}/${this.site}`,
        target: `../sites-available/${this.site}`,
      },
    ];
  }
}

const content = "httpd_sys_content_t";

/** What nginx serves itself, and may read where SELinux is on. */
function served(args: NginxSiteArgs, site: string): ManifestEntry[] {
  const siteRoot = args.siteRoot ?? defaultSiteRoot;
  const entries: ManifestEntry[] = [{ kind: "directory", path: siteRoot }];
  if (args.application !== undefined) return [...entries, ...servedOfReleases(args, site)];
  return [
    ...entries,
    // With something behind it, so that a site root which is a link is followed.
    { kind: "selinux-context", type: content, pattern: `${literally(siteRoot)}(/html)?` },
    ...[`${siteRoot}/html`, ...Object.values(servedRoots(args, site))].flatMap(
      (path): ManifestEntry[] => [
        { kind: "selinux-context", type: content, pattern: subtree(path) },
        { kind: "directory", path, context: content },
      ],
    ),
    {
      kind: "file",
      path: `${siteRoot}/html/index.html`,
      context: content,
      content: renderPlaceholderPage({ title: args.serverNames[0] ?? "tracks" }),
    },
  ];
}

/** The directories belong to the application, which makes them; here they become readable. */
function servedOfReleases(args: NginxSiteArgs, site: string): ManifestEntry[] {
  const siteRoot = args.siteRoot ?? defaultSiteRoot;
  const { staticRoot, mediaRoot } = servedRoots(args, site);
  const { current } = applicationPaths(siteRoot, site);
  const patterns = [
    // The directories on the way: what no rule knows (default_t) need not be nginx's to pass.
    `${literally(siteRoot)}(/releases|/shared(/${literally(site)})?)?`,
    `${literally(siteRoot)}/releases/[^/]+/[^/]+/staticfiles(/.*)?`,
    subtree(mediaRoot),
    // The link to the current release, on the way to its static files.
    ...(staticRoot.startsWith(`${current}/`) ? [literally(current)] : [subtree(staticRoot)]),
  ];
  return patterns.map((pattern) => ({ kind: "selinux-context", type: content, pattern }));
}

function servedRoots(args: NginxSiteArgs, site: string): { staticRoot: string; mediaRoot: string } {
  const siteRoot = args.siteRoot ?? defaultSiteRoot;
  const { staticFiles, media } =
    args.application === undefined
      ? { staticFiles: `${siteRoot}/static`, media: `${siteRoot}/media` }
      : applicationPaths(siteRoot, site);
  return { staticRoot: args.staticRoot ?? staticFiles, mediaRoot: args.mediaRoot ?? media };
}

function selinuxPort(port: number): ManifestEntry[] {
  if (selinuxHttpPorts.includes(port)) return [];
  return [{ kind: "selinux-port", type: "http_port_t", protocol: "tcp", port }];
}
