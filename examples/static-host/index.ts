import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { connectionTo, Host, Logrotate, Nginx, NginxSite } from "tracks/components";
import { examineHost } from "tracks/preflight";

export = async () => {
  const config = new pulumi.Config();
  const serverNames = config.requireObject<string[]>("serverNames");
  const connection = connectionTo({
    address: config.require("host"),
    hostKey: config.require("hostKey"),
    privateKey: readFileSync(config.require("privateKeyFile"), "utf8"),
  });

  // Before any resource: finds what would prevent a deployment, and what somebody changed by hand.
  const facts = await examineHost(connection, {
    survey: {
      listenPort: 80,
      defaultServer: true,
      serverNames,
      paths: ["/etc/nginx/sites-available/static", "/etc/nginx/sites-enabled/static"],
    },
  });

  const host = new Host("host", { connection, facts });
  const site = new NginxSite("static", { serverNames, siteRoot: "/srv/static" });
  const nginx = new Nginx("nginx", { host, sites: [site], openPorts: [80] });
  new Logrotate("nginx-logs", { host, ...nginx.rotation, rotate: config.getNumber("keptLogs") });
  return { url: site.url };
};
