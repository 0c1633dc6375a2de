import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { connectionTo, Host, Nginx, NginxSite, RobotsTxt, SystemPackages } from "tracks/components";

const config = new pulumi.Config();
const host = new Host("host", {
  connection: connectionTo({
    address: config.require("host"),
    hostKey: config.require("hostKey"),
    privateKey: readFileSync(config.require("privateKeyFile"), "utf8"),
  }),
});
const packages = new SystemPackages("packages", { host });
const afterPackages = { dependsOn: packages };

/** A static site with a robots.txt of its own. */
function site(name: string, serverName: string, defaultServer: boolean): NginxSite {
  const siteRoot = `/srv/${name}`;
  const path = `${siteRoot}/robots/robots.txt`;
  const robots = new RobotsTxt(`${name}-robots`, { host, path }, afterPackages);
  return new NginxSite(name, {
    serverNames: [serverName],
    siteRoot,
    defaultServer,
    locations: [robots],
  });
}

// One Nginx owns its host's whole configuration: give it every site of the host.
const docs = site("docs", config.require("docsName"), true);
const blog = site("blog", config.require("blogName"), false);
new Nginx("nginx", { host, sites: [docs, blog], openPorts: [80] }, afterPackages);

export const urls = [docs.url, blog.url];
