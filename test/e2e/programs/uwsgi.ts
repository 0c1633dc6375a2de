import { LinuxUser } from "../../../components/LinuxUser";
import { Logrotate } from "../../../components/Logrotate";
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

/** uWSGI behind nginx, over a release and a virtualenv that the test makes; settings come from the test. */
export = async () => {
  const config = loadConfiguration();
  const facts = await examineHost(config.connection, { survey: surveyQuestions(config) });
  const host = new Host("host", { connection: config.connection, facts });
  const packages = new SystemPackages("packages", { host, ...config.packages });
  const deployer = new LinuxUser("deployer", {
    host,
    ...config.deployer,
    password: config.deployer.password.output(),
    services: ["uwsgi"],
  });
  const settings = JSON.parse(process.env["TRACKS_TEST_UWSGI"] ?? "{}") as Partial<UwsgiArgs>;
  const uwsgi = new Uwsgi(
    "uwsgi",
    {
      host,
      application: config.site.site,
      siteRoot: config.site.siteRoot,
      user: deployer.user,
      production: true,
      ...settings,
    },
    { dependsOn: packages },
  );
  const service = new UwsgiService("uwsgi", { host, uwsgi }, { dependsOn: deployer.account });
  new Logrotate("uwsgi-logs", { host, ...uwsgi.rotation }, { dependsOn: [packages, service] });
  const site = new NginxSite("tracks", { ...config.site, application: uwsgi });
  const nginx = { host, ...config.nginx, sitesOwner: "root", sites: [site] };
  new Nginx("nginx", nginx, { dependsOn: [packages, service] });
};
