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

/** nginx, the site that it serves, what spiders may read, and how logs are rotated. */
export const siteKeys = {
  workerProcesses: nginx.setting("workerProcesses", {
    meaning: "Worker processes; `auto` is one a core.",
    example: "auto",
  }),
  workerConnections: nginx.setting("workerConnections", {
    meaning: "Connections that one worker keeps open at a time.",
    example: "1024",
  }),
  clientMaxBodySizeMegabytes: nginx.setting("clientMaxBodySizeMegabytes", {
    meaning: "Largest request body, such as an upload.",
    example: "32",
  }),
  sitesOwner: withDefault(oneOf("deployer", "root"), "deployer", {
    component: "Nginx",
    argument: "sitesOwner",
    becomes: "`deployerUser`, or `root`",
    meaning:
      "Who owns sites-available and sites-enabled: the deployer, as ever on this site, who thereby decides what root's nginx loads; or `root`, the safe choice.",
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
    meaning: "Name of the site: of its file in sites-available and of its log directory.",
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
    meaning: "The site also answers to names that no site has, and to bare addresses.",
    example: "true",
  }),
  siteRoot: site.withDefault("siteRoot", "/microarray", {
    meaning: "Directory below which everything of the site lies.",
    example: "/microarray",
  }),
  siteSnippet: site.setting("snippet", {
    meaning: "nginx directives added at the end of the site's server block, as they are.",
    example: "client_body_timeout 30s;",
    command: "pulumi config set tracks:siteSnippet < snippet.conf   (or in Pulumi.STACK.yaml)",
  }),
  robotsRules: robots.setting("rules", {
    meaning: "Lines of robots.txt. By default no spider may read anything.",
    example: "User-agent: *",
  }),
  logrotateFrequency: logrotate.setting("frequency", {
    meaning: "How often the logs are rotated.",
    example: "daily",
  }),
  logrotateCount: logrotate.setting("rotate", {
    meaning: "Rotated logs that are kept.",
    example: "52",
  }),
  logrotateMaxSizeMegabytes: logrotate.setting("maxSizeMegabytes", {
    meaning: "A log that is larger is rotated before its time. Needs Enterprise Linux 7 or newer.",
    example: "500",
  }),
};
