import { DataMigration } from "./components/DataMigration";
import { DjangoApp } from "./components/DjangoApp";
import { LinuxUser } from "./components/LinuxUser";
import { Logrotate } from "./components/Logrotate";
import { Nginx } from "./components/Nginx";
import { NginxSite } from "./components/NginxSite";
import { PostgresDatabase } from "./components/PostgresDatabase";
import { RobotsTxt } from "./components/RobotsTxt";
import { SystemPackages } from "./components/SystemPackages";
import { UwsgiService } from "./components/UwsgiService";
import { loadConfiguration } from "./settings/configuration";
import { virtualenvPaths } from "./components/django/paths";
import { Host } from "./host/Host";
import { preflight } from "./preflight/index";
import { nginxReopensLogs } from "./templates/logrotate";

/** The deployment on one page: configuration in, components wired, outputs out. */
export = async () => {
  const config = loadConfiguration();
  const { facts, source, dump, database, packageNeeds } = await preflight(config);

  const host = new Host("host", { connection: config.connection, facts });
  const packages = new SystemPackages("packages", { host, ...config.packages, ...packageNeeds });
  const deployer = new LinuxUser("deployer", {
    host,
    ...config.deployer,
    services: ["nginx", "uwsgi"],
  });
  const system = [packages.command, deployer.account];

  const { application } = config;
  const uwsgi =
    application &&
    new UwsgiService("uwsgi", {
      host,
      ...application.uwsgi,
      production: application.production,
      user: deployer.user,
      virtualenv: virtualenvPaths(deployer.home).current,
      startsAfter: database && database.external === undefined ? [database.service] : [],
      dependsOn: [packages.command],
    });

  const nginx = new Nginx("nginx", { host, ...config.nginx });
  const site = new NginxSite(config.site.site, { nginx, application: uwsgi, ...config.site });
  const robots = new RobotsTxt("robots", {
    host,
    site,
    ...config.robots,
    dependsOn: [packages.command],
  });
  const webServer = nginx.converge(system);
  new Logrotate("nginx-logs", {
    host,
    file: "nginx",
    logs: nginx.logFiles(site),
    createOwner: "nginx",
    createGroup: deployer.group,
    postrotate: nginxReopensLogs,
    dependsOn: system,
    ...config.logrotate,
  });
  const outputs = { host: config.connection.address, url: site.url, robotsTxt: robots.path };
  if (application === undefined || uwsgi === undefined || source === undefined) return outputs;

  const postgresql =
    database &&
    new PostgresDatabase("database", { host, plan: database, dependsOn: [packages.command] });
  const django = new DjangoApp("app", {
    host,
    user: deployer.user,
    home: deployer.home,
    ...application.django,
    production: application.production,
    source: source(system),
    postgresqlBinaries: application.database?.binaries,
    postgresql: postgresql && { ...postgresql.connection, dependsOn: postgresql.ready },
    port: config.site.listenPort,
    serviceFiles: uwsgi.handOverFiles(),
    dependsOn: system,
    deployDependsOn: [uwsgi.install, webServer],
  });
  const migration =
    application.migration &&
    dump &&
    new DataMigration("old-data", {
      host,
      ...application.migration,
      dump,
      production: application.production,
      database: django.database,
      release: django.current,
      virtualenv: django.virtualenv,
      backups: django.backups,
      postgresqlBinaries: application.database?.binaries,
      user: deployer.user,
      dependsOn: [django.command],
    });
  const service = uwsgi.serve([
    django.command,
    deployer.account,
    // What visitors write before the old data is there would stand in its way.
    ...(migration ? [migration.command] : []),
  ]);
  new Logrotate("uwsgi-logs", {
    host,
    file: "uwsgi",
    logs: [uwsgi.log],
    createOwner: uwsgi.user,
    createGroup: uwsgi.group,
    postrotate: uwsgi.reopensLog,
    dependsOn: [packages.command, service],
    ...config.logrotate,
  });

  return {
    ...outputs,
    release: django.release,
    backups: django.backups,
    // An output without a value is warned about.
    ...(migration && { migratedRows: migration.counts, migrationBackup: migration.backup }),
  };
};
