import { DataMigration } from "./components/DataMigration";
import { DjangoApp } from "./components/DjangoApp";
import { LinuxUser } from "./components/LinuxUser";
import { Logrotate } from "./components/Logrotate";
import { Nginx } from "./components/Nginx";
import { NginxSite } from "./components/NginxSite";
import { PostgresDatabase } from "./components/PostgresDatabase";
import { RobotsTxt } from "./components/RobotsTxt";
import { SystemPackages } from "./components/SystemPackages";
import { Uwsgi } from "./components/Uwsgi";
import { UwsgiService } from "./components/UwsgiService";
import { Host } from "./host/Host";
import { preflight } from "./preflight";
import { loadConfiguration } from "./settings/configuration";

/** The deployment on one page: settings in, components wired, outputs out. */
export = async () => {
  const config = loadConfiguration();
  const { application, connection } = config;
  const { facts, source, dump, database, packageNeeds } = await preflight(config);

  const host = new Host("host", { connection, facts });
  const packages = new SystemPackages("packages", { host, ...config.packages, ...packageNeeds });
  const deployer = new LinuxUser("deployer", {
    host,
    ...config.deployer,
    password: config.deployer.password.output(),
    services: ["nginx", "uwsgi"],
  });
  const system = { dependsOn: [packages, deployer.account] };

  const postgres =
    database && new PostgresDatabase("database", { host, ...database }, { dependsOn: packages });
  const uwsgi =
    application &&
    new Uwsgi(
      "uwsgi",
      {
        host,
        ...application.uwsgi,
        user: deployer.user,
        home: deployer.home,
        startsAfter: postgres?.services,
      },
      { dependsOn: packages },
    );

  const robots = new RobotsTxt("robots", { host, ...config.robots }, { dependsOn: packages });
  const site = new NginxSite(config.site.site, {
    ...config.site,
    application: uwsgi,
    locations: [robots],
  });
  const nginx = new Nginx("nginx", { host, ...config.nginx, sites: [site] }, system);
  new Logrotate(
    "nginx-logs",
    { host, ...nginx.rotation, createGroup: deployer.group, ...config.logrotate },
    system,
  );
  const outputs = { host: connection.address, url: site.url, robotsTxt: robots.path };
  if (application === undefined || uwsgi === undefined || source === undefined) return outputs;

  const app = new DjangoApp(
    "app",
    {
      host,
      ...application.django,
      secretKey: application.django.secretKey?.output(),
      production: application.production,
      user: deployer.user,
      home: deployer.home,
      source: source([packages.command, deployer.account]),
      postgresql: postgres?.connection,
      postgresqlBinaries: application.database?.binaries,
      port: config.site.listenPort,
      uwsgi,
      nginx,
    },
    system,
  );
  const migration =
    application.migration &&
    dump &&
    new DataMigration("old-data", {
      host,
      ...application.migration,
      dump,
      app,
      postgresqlBinaries: application.database?.binaries,
    });
  // What visitors write before the old data is there would stand in its way.
  const service = new UwsgiService(
    "uwsgi",
    { host, uwsgi, app },
    { dependsOn: [deployer.account, ...(migration ? [migration] : [])] },
  );
  new Logrotate(
    "uwsgi-logs",
    { host, ...uwsgi.rotation, ...config.logrotate },
    { dependsOn: [packages, service] },
  );

  return {
    ...outputs,
    release: app.release,
    backups: app.backups,
    // An output without a value is warned about.
    ...(migration && { migratedRows: migration.counts, migrationBackup: migration.backup }),
  };
};
