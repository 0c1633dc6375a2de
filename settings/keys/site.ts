import { defaultSiteRoot } from "../../components/django/paths";
import { optional, required, withDefault } from "../key";
import {
  absolutePath,
  either,
  integer,
  lines,
  listOf,
  oneOf,
  port,
  serverName,
  text,
  yesOrNo,
} from "../value";

/** nginx, the site that it serves, what spiders may read, and how logs are rotated. */
export const siteKeys = {
  workerProcesses: withDefault(either(oneOf("auto"), integer("a number", 1, 1024)), "auto", {
    component: "Nginx",
    argument: "workerProcesses",
    meaning: "Worker processes; `auto` is one a core.",
    example: "auto",
  }),
  workerConnections: withDefault(integer("a number", 16, 1_000_000), 1024, {
    component: "Nginx",
    argument: "workerConnections",
    meaning: "Connections that one worker keeps open at a time.",
    example: "1024",
  }),
  clientMaxBodySizeMegabytes: withDefault(integer("megabytes", 1, 102_400), 32, {
    component: "Nginx",
    argument: "clientMaxBodySizeMegabytes",
    meaning: "Largest request body, such as an upload.",
    example: "32",
  }),
  sitesOwner: withDefault(oneOf("deployer", "root"), "deployer", {
    component: "Nginx",
    argument: "sitesOwner",
    meaning:
      "Who owns sites-available and sites-enabled: the deployer, as ever on this site, who thereby decides what root's nginx loads; or `root`, the safe choice.",
    example: "root",
  }),
  openFirewall: withDefault(yesOrNo, true, {
    component: "Nginx",
    argument: "openPorts",
    meaning: "Opens `listenPort` in firewalld, where that runs.",
    example: "true",
  }),
  siteName: withDefault(
    text(
      "lower-case letters, digits, `_` and `-`, a letter first, 64 at most",
      /^[a-z][a-z0-9_-]{0,63}$/,
    ),
    "tracks",
    {
      component: "NginxSite",
      argument: "site",
      meaning: "Name of the site: of its file in sites-available and of its log directory.",
      example: "tracks",
    },
  ),
  serverNames: required(listOf(serverName, "names", { minimum: 1 }), {
    component: "NginxSite",
    argument: "serverNames",
    meaning: "Names that the site answers to; the first is the canonical one.",
    example: "tracks.stowers.org",
  }),
  listenPort: withDefault(port, 80, {
    component: "NginxSite",
    argument: "listenPort",
    meaning: "Port that the site listens on.",
    example: "80",
  }),
  defaultServer: withDefault(yesOrNo, true, {
    component: "NginxSite",
    argument: "defaultServer",
    meaning: "The site also answers to names that no site has, and to bare addresses.",
    example: "true",
  }),
  siteRoot: withDefault(absolutePath, defaultSiteRoot, {
    component: "NginxSite",
    argument: "siteRoot",
    meaning: "Directory below which everything of the site lies.",
    example: "/microarray",
  }),
  siteSnippet: optional(lines("nginx directives, as they stand in a server block"), {
    component: "NginxSite",
    argument: "snippet",
    meaning: "nginx directives added at the end of the site's server block, as they are.",
    example: "client_body_timeout 30s;",
  }),
  robotsRules: withDefault(
    listOf(
      text("one line, `FIELD: VALUE` or `# COMMENT`", /^(?:#\P{Cc}*|[A-Za-z-]+:(?: \P{Cc}*)?)$/u),
      "lines",
      { minimum: 1, repeats: true },
    ),
    ["User-agent: *", "Disallow: /"],
    {
      component: "RobotsTxt",
      argument: "rules",
      meaning: "Lines of robots.txt. By default no spider may read anything.",
      example: "User-agent: *",
    },
  ),
  logrotateFrequency: withDefault(oneOf("daily", "weekly", "monthly"), "daily", {
    component: "Logrotate",
    argument: "frequency",
    meaning: "How often the logs are rotated.",
    example: "daily",
  }),
  logrotateCount: withDefault(integer("a number", 1, 3650), 52, {
    component: "Logrotate",
    argument: "rotate",
    meaning: "Rotated logs that are kept.",
    example: "52",
  }),
  logrotateMaxSizeMegabytes: optional(integer("megabytes", 1, 1_048_576), {
    component: "Logrotate",
    argument: "maxSizeMegabytes",
    meaning: "A log that is larger is rotated before its time. Needs Enterprise Linux 7 or newer.",
    example: "500",
  }),
};
