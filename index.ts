import {
  DataMigration,
  DjangoApp,
  Host,
  LinuxUser,
  Logrotate,
  Nginx,
  NginxSite,
  PostgresDatabase,
  RobotsTxt,
  SystemPackages,
  Uwsgi,
  UwsgiService,
} from "./components";
import { preflight, type SiteArguments } from "./preflight";
import { keepPlan } from "./preflight/plan/keepPlan";
import { loadConfiguration } from "./settings/configuration";

/** The deployment on one page: settings in, components wired, outputs out. */
export = async () => {
  const config = loadConfiguration();
  const args = await preflight(config);
  await keepPlan(config, args, deployment);
  return deployment(args);
};

function deployment(args: SiteArguments) {
  const host = new Host("host", args.host);
  const packages = new SystemPackages("packages", { host, ...args.packages });
  const deployer = new LinuxUser("deployer", { host, ...args.deployer });
  const installed = { dependsOn: packages };
  const system = { dependsOn: [packages, deployer.account] };

  const database =
    args.database && new PostgresDatabase("database", { host, ...args.database }, installed);
  const uwsgi =
    args.uwsgi &&
    new Uwsgi("uwsgi", { host, ...args.uwsgi, startsAfter: database?.services }, installed);

  const robots = new RobotsTxt("robots", { host, ...args.robots }, installed);
  const served = { application: uwsgi, locations: [robots] };
  const site = new NginxSite(args.site.site, { ...args.site, ...served });
  const nginx = new Nginx("nginx", { host, ...args.nginx, sites: [site] }, system);
  const nginxLogs = { ...nginx.rotation, createGroup: deployer.group, ...args.logrotate };
  new Logrotate("nginx-logs", { host, ...nginxLogs }, system);

  const source = args.app?.source([packages.command, deployer.account]);
  const runtime = { postgresql: database?.connection, uwsgi, nginx };
  const app =
    args.app && source && new DjangoApp("app", { host, ...args.app, source, ...runtime }, system);
  const migration =
    args.migration && app && new DataMigration("old-data", { host, ...args.migration, app });
  const service = uwsgi && new UwsgiService("uwsgi", { host, uwsgi, app, migration }, system);
  if (uwsgi && service) {
    const rotation = { ...uwsgi.rotation, ...args.logrotate };
    new Logrotate("uwsgi-logs", { host, ...rotation }, { dependsOn: [packages, service] });
  }

  return {
    host: args.host.connection.address,
    url: site.url,
    robotsTxt: robots.path,
    // Pulumi warns of an output without a value.
    ...(app && { release: app.release, backups: app.backups }),
    ...(migration && { migratedRows: migration.counts, migrationBackup: migration.backup }),
  };
}
