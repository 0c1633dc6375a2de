import { LinuxUser } from "./components/LinuxUser";
import { Logrotate } from "./components/Logrotate";
import { Nginx } from "./components/Nginx";
import { NginxSite } from "./components/NginxSite";
import { RobotsTxt } from "./components/RobotsTxt";
import { SystemPackages } from "./components/SystemPackages";
import { loadConfiguration } from "./config";
import { Host } from "./host/Host";
import { preflight } from "./host/preflight";
import { nginxReopensLogs } from "./templates/logrotate";

/** The deployment on one page: configuration in, components wired, outputs out. */
export = async () => {
  const config = loadConfiguration();
  const facts = await preflight(config.connection, { survey: config.survey });

  const host = new Host("host", { connection: config.connection, facts });

  const packages = new SystemPackages("packages", { host, ...config.packages });

  const deployer = new LinuxUser("deployer", {
    host,
    ...config.deployer,
    services: ["nginx", "uwsgi"],
  });

  const nginx = new Nginx("nginx", { host, ...config.nginx });
  const site = new NginxSite(config.site.site, { nginx, ...config.site });
  const robots = new RobotsTxt("robots", {
    host,
    site,
    ...config.robots,
    dependsOn: [packages.command],
  });
  nginx.converge([packages.command, deployer.account]);

  new Logrotate("nginx-logs", {
    host,
    file: "nginx",
    logs: [
      "/var/log/nginx/*.log",
      `${nginx.logs}/nginx/log/*.log`,
      `${nginx.logs}/nginx/${site.site}/log/*.log`,
      `${site.logDirectory}/*.log`,
    ],
    createOwner: "nginx",
    createGroup: deployer.user,
    postrotate: nginxReopensLogs,
    dependsOn: [packages.command, deployer.account],
    ...config.logrotate,
  });

  return {
    host: config.connection.address,
    url: site.url,
    robotsTxt: robots.path,
  };
};
