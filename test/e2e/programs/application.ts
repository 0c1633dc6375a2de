import { DjangoApp, type DjangoAppArgs } from "../../../components/DjangoApp";
import { LinuxUser } from "../../../components/LinuxUser";
import { Nginx } from "../../../components/Nginx";
import { NginxSite } from "../../../components/NginxSite";
import { SystemPackages } from "../../../components/SystemPackages";
import { UwsgiService } from "../../../components/UwsgiService";
import { loadConfiguration } from "../../../config";
import { Host } from "../../../host/Host";
import { preflight } from "../../../host/preflight";
import { packSource } from "../../../source/packSource";

/** What a test says in the environment. */
interface Given {
  /** Folder of the source on this machine. */
  folder: string;
  production?: boolean;
  extraRequirements?: string[];
  healthPath?: string;
}

/** The application on sqlite, under uWSGI behind nginx. */
export = async () => {
  const config = loadConfiguration();
  const {
    folder,
    production = false,
    ...given
  } = JSON.parse(process.env["TRACKS_TEST_APPLICATION"] ?? "{}") as Given;
  const facts = await preflight(config.connection, { survey: config.survey, needsSftp: true });
  const host = new Host("host", { connection: config.connection, facts });
  const packages = new SystemPackages("packages", { host, ...config.packages });
  const deployer = new LinuxUser("deployer", { host, ...config.deployer });
  const uwsgi = new UwsgiService("uwsgi", {
    host,
    production,
    processes: 4,
    proofHost: "tracks.test",
    dependsOn: [packages.command],
  });
  const { path, digest, size } = await packSource(folder);
  const args: DjangoAppArgs = {
    host,
    user: deployer.user,
    production,
    source: { kind: "folder", archive: { path, sha256: digest, bytes: size } },
    allowedHosts: ["tracks.test"],
    healthPath: "/healthz/",
    dependsOn: [packages.command, deployer.account],
    deployDependsOn: [uwsgi.install],
    ...given,
  };
  const app = new DjangoApp("app", args);
  uwsgi.serve([app.command]);

  const nginx = new Nginx("nginx", { host, ...config.nginx, sitesOwner: "root" });
  const site = new NginxSite("tracks", { nginx, ...config.site });
  site.addLocations(
    "application",
    `location ~ ^/ { include uwsgi_params; uwsgi_pass ${uwsgi.socket}; }\n`,
  );
  nginx.converge([packages.command]);
  return { release: app.release, backups: app.backups };
};
