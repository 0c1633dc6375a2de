import { Nginx } from "../../../components/Nginx";
import { NginxSite } from "../../../components/NginxSite";
import { RobotsTxt } from "../../../components/RobotsTxt";
import { SystemPackages } from "../../../components/SystemPackages";
import type { StackConfig } from "../../../settings/configuration";
import { Host } from "../../../host/Host";
import { examineHost } from "../../../preflight/host/examineHost";
import { surveyQuestions } from "../../../preflight/questions";

/** What the resources are called in the program; the host's own names are the same whatever these are. */
export interface ResourceNames {
  host: string;
  packages: string;
  nginx: string;
  site: string;
  robots: string;
}

/** The names that index.ts gives. */
export const plainNames: ResourceNames = {
  host: "host",
  packages: "packages",
  nginx: "nginx",
  site: "tracks",
  robots: "robots",
};

/** A site with its robots.txt on one host: as much of index.ts as serves something. */
export async function siteOnHost(config: StackConfig, names = plainNames): Promise<void> {
  const facts = await examineHost(config.connection, { survey: surveyQuestions(config) });
  const host = new Host(names.host, { connection: config.connection, facts });
  const packages = new SystemPackages(names.packages, { host, ...config.packages });
  const afterPackages = { dependsOn: packages };
  const robots = new RobotsTxt(names.robots, { host, ...config.robots }, afterPackages);
  const site = new NginxSite(names.site, { ...config.site, locations: [robots] });
  const nginx = { host, ...config.nginx, sitesOwner: "root", sites: [site] };
  new Nginx(names.nginx, nginx, afterPackages);
}
