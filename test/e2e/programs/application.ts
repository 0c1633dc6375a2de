import * as pulumi from "@pulumi/pulumi";
import { DjangoApp } from "../../../components/DjangoApp";
import { LinuxUser } from "../../../components/LinuxUser";
import { Nginx } from "../../../components/Nginx";
import { NginxSite } from "../../../components/NginxSite";
import { SystemPackages } from "../../../components/SystemPackages";
import type { UwsgiArgs } from "../../../components/args/Uwsgi";
import { Uwsgi } from "../../../components/Uwsgi";
import { UwsgiService } from "../../../components/UwsgiService";
import { loadConfiguration } from "../../../settings/configuration";
import { Host } from "../../../host/Host";
import { examineHost } from "../../../preflight/host/examineHost";
import { surveyQuestions } from "../../../preflight/questions";
import { packSource } from "../../../preflight/source/packSource";

/** Values that a test gives in the environment. */
interface Given {
  /** Folder of the source on this machine. */
  folder?: string;
  uwsgi?: Partial<UwsgiArgs>;
}

/** The application on sqlite, under uWSGI behind nginx. */
export = async () => {
  const config = loadConfiguration();
  const { folder = "", uwsgi: options } = JSON.parse(
    process.env["TRACKS_TEST_APPLICATION"] ?? "{}",
  ) as Given;
  const facts = await examineHost(config.connection, {
    survey: surveyQuestions(config),
    needsSftp: true,
  });
  const host = new Host("host", { connection: config.connection, facts });
  const packages = new SystemPackages("packages", { host, ...config.packages });
  const deployer = new LinuxUser("deployer", {
    host,
    ...config.deployer,
    password: config.deployer.password.output(),
  });
  const { site, siteRoot } = config.site;
  const uwsgi = new Uwsgi(
    "uwsgi",
    {
      host,
      application: site,
      siteRoot,
      user: deployer.user,
      production: false,
      processes: 4,
      proofHost: "tracks.test",
      ...options,
    },
    { dependsOn: packages },
  );
  const app = new DjangoApp(
    "app",
    {
      host,
      app: site,
      siteRoot,
      user: deployer.user,
      production: false,
      source: { kind: "folder", archive: await packSource(folder) },
      allowedHosts: ["tracks.test"],
      healthPath: "/healthz/",
      uwsgi,
    },
    { dependsOn: [packages, deployer.account] },
  );
  new UwsgiService("uwsgi", { host, uwsgi, app });

  // Not as the site's application, for which nginx serves a placeholder until the first release.
  const everything = {
    concern: "application",
    content: pulumi.interpolate`location ~ ^/ { include uwsgi_params; uwsgi_pass ${uwsgi.socket}; }\n`,
  };
  const served = new NginxSite("tracks", { ...config.site, locations: [everything] });
  const nginx = { host, ...config.nginx, sitesOwner: "root", sites: [served] };
  new Nginx("nginx", nginx, { dependsOn: packages });
  return { release: app.release, backups: app.backups };
};
