import type * as pulumi from "@pulumi/pulumi";
import { HostComponent } from "../host/component";
import type { ManifestEntry } from "../host/manifest";
import { subtree } from "../host/subtree";
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
  /** nginx directives added at the end of the server block, as they are. @default none */
  snippet?: string;
}

/** Ports that SELinux's policy lets a web server listen on without being told. */
const selinuxHttpPorts = [80, 81, 443, 488, 8008, 8009, 8443, 9000];

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
      ...served(args),
      ...this.serverBlock(args),
      ...selinuxPort(port),
    ]);
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
    const siteRoot = args.siteRoot ?? "/microarray";
    const content = renderSite({
      site: this.site,
      serverNames: args.serverNames,
      listenPort: args.listenPort ?? 80,
      defaultServer: args.defaultServer ?? true,
      logDirectory: this.logDirectory,
      documentRoot: `${siteRoot}/html`,
      staticRoot: `${siteRoot}/static`,
      mediaRoot: `${siteRoot}/media`,
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

/** What nginx serves without the application: static files, media and the page until Django is there. */
function served(args: NginxSiteArgs): ManifestEntry[] {
  const siteRoot = args.siteRoot ?? "/microarray";
  const context = "httpd_sys_content_t";
  return [
    { kind: "directory", path: siteRoot },
    ...["html", "static", "media"].flatMap((folder): ManifestEntry[] => [
      { kind: "selinux-context", type: context, pattern: subtree(`${siteRoot}/${folder}`) },
      { kind: "directory", path: `${siteRoot}/${folder}`, context },
    ]),
    {
      kind: "file",
      path: `${siteRoot}/html/index.html`,
      context,
      content: renderPlaceholderPage({ title: args.serverNames[0] ?? "tracks" }),
    },
  ];
}

function selinuxPort(port: number): ManifestEntry[] {
  if (selinuxHttpPorts.includes(port)) return [];
  return [{ kind: "selinux-port", type: "http_port_t", protocol: "tcp", port }];
}
