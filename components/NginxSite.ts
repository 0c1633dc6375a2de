import { dirname } from "node:path/posix";
import * as pulumi from "@pulumi/pulumi";
import { withDefaults } from "./args/argument";
import { nginxSiteArguments, type NginxSiteArgs, nginxSiteRules } from "./args/NginxSite";
import { applicationPaths } from "./django/paths";
import { HostComponent } from "../host/HostComponent";
import type { ManifestEntry } from "../host/manifest/manifest";
import { literally, subtree } from "../host/manifest/subtree";
import { transformFiles } from "../host/manifest/transform";
import { problemError } from "../host/ProblemError";
import { atProgramEnd } from "../host/programEnd";
import { renderPlaceholderPage, renderSite } from "../templates/nginx";
import type { Part } from "./nginx/parts";
import { configurationType, logDirectory, nginxTree } from "./nginx/tree";
import { checked, type Use } from "./whenKnown";

/**
 * Ports that SELinux's policy lets a web server listen on without a rule, on every Enterprise
 * Linux: 81 and 9000 are among them from 7 on only, and a rule of ours does no harm there.
 */
const selinuxHttpPorts = [80, 443, 488, 8008, 8009, 8443];

/**
 * One site of nginx: its server block, its link in sites-enabled, its logs and the files that nginx serves
 * itself.
 *
 * It registers no command: the {@link Nginx} that gets it among its `sites` applies its files. A program that
 * ends without such an Nginx fails with a {@link ProblemError}.
 *
 * @example
 * ```ts
 * const site = new NginxSite("docs", {
 *   serverNames: ["docs.example.org"],
 *   siteRoot: "/srv/docs",
 *   locations: [robots],
 * });
 * ```
 */
export class NginxSite extends HostComponent {
  /** Name of the site. */
  readonly site: string;
  /** URL of the site, by its first name. */
  readonly url: pulumi.Output<string>;
  /** Whether the site is nginx's default_server. */
  readonly defaultServer: boolean;
  /** Directories of the site's logs. */
  readonly logDirectories: readonly string[];
  /** Resources that create the files which the site's locations serve. */
  readonly served: readonly pulumi.Resource[];
  private readonly whenKnown: Use<ReturnType<typeof inputsOf>>;
  private taker: string | undefined;

  constructor(name: string, args: NginxSiteArgs, opts?: pulumi.ComponentResourceOptions) {
    const inputs = inputsOf(args, name);
    const { site, siteRoot, serverNames, listenPort } = inputs;
    super(
      { type: "NginxSite", transform: args.transform },
      name,
      { site, siteRoot, serverNames, listenPort },
      opts,
    );
    this.whenKnown = checked(this.title, nginxSiteArguments, inputs, nginxSiteRules);
    this.site = inputs.site;
    this.defaultServer = inputs.defaultServer;
    this.logDirectories = [
      `${nginxTree.logs}/nginx/${this.site}/log`,
      `${nginxTree.logs}/domains/${this.site}/log`,
    ];
    this.served = (args.locations ?? []).flatMap(({ dependsOn }) => dependsOn ?? []);
    this.url = pulumi.output(
      this.whenKnown(
        ({ serverNames: [first], listenPort: port }) =>
          `http://${first ?? "localhost"}${port === 80 ? "" : `:${port}`}`,
      ),
    );
    // The program may create the site's Nginx later, until it ends.
    atProgramEnd(() => {
      this.checkTaken();
    });
    this.registerOutputs({ site: this.site, url: this.url });
  }

  /**
   * The site's part of the tree of the {@link Nginx} that serves it.
   *
   * @throws {@link ProblemError} when another Nginx serves it already
   */
  joinTree(nginx: HostComponent, sitesOwner: string): pulumi.Input<Part> {
    if (this.taker !== undefined) {
      throw problemError({
        subject: this.title,
        given: `the Nginx "${this.taker}" and the Nginx "${nginx.name}"`,
        allowed: "one Nginx, which owns the whole nginx configuration of its host",
        fix: ["remove the site from `sites` of one of them"],
      });
    }
    this.taker = nginx.name;
    return this.whenKnown((values): Part => ({
      of: this.title,
      entries: transformFiles(this.entries(values, sitesOwner), this.transform),
      defaultOf: this.defaultServer ? values.listenPort : undefined,
    }));
  }

  private checkTaken(): void {
    if (this.taker !== undefined) return;
    throw problemError({
      subject: this.title,
      given: "no Nginx that serves it",
      allowed: "one Nginx",
      fix: ["new Nginx(..., { sites: [...] })   (with this site among its sites)"],
    });
  }

  private entries(values: SiteValues, sitesOwner: string): ManifestEntry[] {
    return [
      ...this.logDirectories.flatMap((path) => [dirname(path), path].map(logDirectory)),
      ...served(values),
      ...this.serverBlock(values, sitesOwner),
      ...selinuxPort(values.listenPort),
      ...values.locations.map(({ concern, content }): ManifestEntry => ({
        kind: "file",
        path: `${this.locationsDirectory}/${concern}.conf`,
        content,
        context: configurationType,
      })),
    ];
  }

  private get locationsDirectory(): string {
    return `${nginxTree.locations}/${this.site}`;
  }

  private serverBlock(values: SiteValues, owner: string): ManifestEntry[] {
    const { site } = this;
    const [, logDirectory = ""] = this.logDirectories;
    const content = renderSite({
      program: this.program,
      site,
      serverNames: values.serverNames,
      listenPort: values.listenPort,
      defaultServer: this.defaultServer,
      logDirectory,
      documentRoot: `${values.siteRoot}/html`,
      staticRoot: values.staticRoot,
      mediaRoot: values.mediaRoot,
      application: values.application,
      snippet: values.snippet,
    });
    const context = configurationType;
    return [
      { kind: "directory", path: this.locationsDirectory, context },
      { kind: "file", path: `${nginxTree.sitesAvailable}/${site}`, owner, context, content },
      {
        kind: "symlink",
        path: `${nginxTree.sitesEnabled}/${site}`,
        target: `../sites-available/${site}`,
      },
    ];
  }
}

/** The arguments with their defaults, also those that depend on the site's name. */
function inputsOf(args: NginxSiteArgs, name: string) {
  const { application, locations = [], ...rest } = withDefaults(nginxSiteArguments, args);
  const site = args.site ?? name;
  const { staticFiles, media } =
    application === undefined
      ? { staticFiles: `${args.siteRoot}/static`, media: `${args.siteRoot}/media` }
      : applicationPaths(args.siteRoot, site);
  return {
    ...rest,
    site,
    // Only these values of a component that answers.
    application: application && {
      socket: application.socket,
      harakiriSeconds: application.harakiriSeconds,
    },
    staticRoot: args.staticRoot ?? staticFiles,
    mediaRoot: args.mediaRoot ?? media,
    locations: locations.map(({ concern, content }) => ({ concern, content })),
  };
}

type SiteValues = pulumi.Unwrap<ReturnType<typeof inputsOf>>;

const content = "httpd_sys_content_t";

/** Directories and files that nginx serves itself, with the SELinux types by which it may read them. */
function served(values: SiteValues): ManifestEntry[] {
  const { siteRoot, staticRoot, mediaRoot } = values;
  const entries: ManifestEntry[] = [{ kind: "directory", path: siteRoot }];
  if (values.application !== undefined) return [...entries, ...servedOfReleases(values)];
  return [
    ...entries,
    // With an optional end, so that the rule applies behind a site root that is a link.
    { kind: "selinux-context", type: content, pattern: `${literally(siteRoot)}(/html)?` },
    ...[`${siteRoot}/html`, staticRoot, mediaRoot].flatMap((path): ManifestEntry[] => [
      { kind: "selinux-context", type: content, pattern: subtree(path) },
      { kind: "directory", path, context: content },
    ]),
    {
      kind: "file",
      path: `${siteRoot}/html/index.html`,
      context: content,
      content: renderPlaceholderPage({ title: values.serverNames[0] ?? "tracks" }),
    },
  ];
}

/** SELinux types for directories that the application creates, so that nginx may read them. */
function servedOfReleases({ site, siteRoot, staticRoot, mediaRoot }: SiteValues): ManifestEntry[] {
  const { current } = applicationPaths(siteRoot, site);
  const patterns = [
    // The directories on the way: without a rule they are default_t, which nginx need not be allowed to pass.
    `${literally(siteRoot)}(/releases|/shared(/${literally(site)})?)?`,
    `${literally(siteRoot)}/releases/[^/]+/[^/]+/staticfiles(/.*)?`,
    subtree(mediaRoot),
    // The link to the current release, on the way to its static files.
    ...(staticRoot.startsWith(`${current}/`) ? [literally(current)] : [subtree(staticRoot)]),
  ];
  return patterns.map((pattern) => ({ kind: "selinux-context", type: content, pattern }));
}

function selinuxPort(port: number): ManifestEntry[] {
  if (selinuxHttpPorts.includes(port)) return [];
  return [{ kind: "selinux-port", type: "http_port_t", protocol: "tcp", port }];
}
