import { logrotateArguments } from "../../components/args/Logrotate";
import { nginxArguments } from "../../components/args/Nginx";
import { nginxSiteArguments } from "../../components/args/NginxSite";
import { robotsTxtArguments } from "../../components/args/RobotsTxt";
import { oneOf, yesOrNo } from "../../host/manifest/value";
import { settingsOf, withDefault } from "../key";

const nginx = settingsOf("Nginx", nginxArguments);
const site = settingsOf("NginxSite", nginxSiteArguments);
const robots = settingsOf("RobotsTxt", robotsTxtArguments);
const logrotate = settingsOf("Logrotate", logrotateArguments);

/** nginx, its site, robots.txt and log rotation. */
export const siteKeys = {
  workerProcesses: nginx.setting("workerProcesses", {
    meaning: "Worker processes; `auto` is one per core.",
    example: "auto",
  }),
  workerConnections: nginx.setting("workerConnections", {
    meaning: "Connections that one worker may keep open at the same time.",
    example: "1024",
  }),
  clientMaxBodySizeMegabytes: nginx.setting("clientMaxBodySizeMegabytes", {
    meaning: "Largest request body, such as an upload, in megabytes.",
    example: "32",
  }),
  sitesOwner: withDefault(oneOf("deployer", "root"), "deployer", {
    component: "Nginx",
    argument: "sitesOwner",
    becomes: "`deployerUser`, or `root`",
    meaning:
      "Owner of sites-available and sites-enabled: `deployer`, who thereby decides what root's nginx loads, or `root`, which is safer.",
    example: "root",
  }),
  openFirewall: withDefault(yesOrNo, true, {
    component: "Nginx",
    argument: "openPorts",
    becomes: "`listenPort`, or none",
    meaning: "Opens `listenPort` in firewalld, where that runs.",
    example: "true",
  }),
  siteName: site.withDefault("site", "tracks", {
    meaning: "Name of the site, of its file in sites-available and of its log directory.",
    example: "tracks",
  }),
  serverNames: site.required("serverNames", {
    meaning: "Names that the site answers to; the first is the canonical one.",
    example: "tracks.stowers.org",
  }),
  listenPort: site.setting("listenPort", {
    meaning: "Port that the site listens on.",
    example: "80",
  }),
  defaultServer: site.setting("defaultServer", {
    meaning:
      "Makes this site nginx's default_server, which answers requests for names that no site has.",
    example: "true",
  }),
  siteRoot: site.withDefault("siteRoot", "/microarray", {
    meaning: "Directory for everything of the site.",
    example: "/microarray",
  }),
  siteSnippet: site.setting("snippet", {
    meaning: "nginx directives for the end of the site's server block.",
    example: "client_body_timeout 30s;",
    command: "pulumi config set tracks:siteSnippet < snippet.conf   (or in Pulumi.STACK.yaml)",
  }),
  robotsRules: robots.setting("rules", {
    meaning: "Lines of robots.txt. By default no crawler may read anything.",
    example: "User-agent: *",
  }),
  logrotateFrequency: logrotate.setting("frequency", {
    meaning: "How often the logs are rotated.",
    example: "daily",
  }),
  logrotateCount: logrotate.setting("rotate", {
    meaning: "Number of rotated logs to keep.",
    example: "52",
  }),
  logrotateMaxSizeMegabytes: logrotate.setting("maxSizeMegabytes", {
    meaning:
      "Size in megabytes above which a log is rotated before its time. Needs Enterprise Linux 7 or newer.",
    example: "500",
  }),
};
