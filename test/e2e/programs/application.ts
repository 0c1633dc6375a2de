import { DjangoApp } from "../../../components/DjangoApp";
import { LinuxUser } from "../../../components/LinuxUser";
import { SystemPackages } from "../../../components/SystemPackages";
import { loadConfiguration } from "../../../config";
import { Host } from "../../../host/Host";
import { preflight } from "../../../host/preflight";
import { packSource } from "../../../source/packSource";

/** The application by itself, on sqlite and with dev's settings; the test names the source's folder. */
export = async () => {
  const config = loadConfiguration();
  const facts = await preflight(config.connection, { survey: config.survey, needsSftp: true });
  const host = new Host("host", { connection: config.connection, facts });
  const packages = new SystemPackages("packages", { host, ...config.packages });
  const deployer = new LinuxUser("deployer", { host, ...config.deployer });

  const { path, digest, size } = await packSource(process.env["TRACKS_TEST_SOURCE"] ?? "");
  const app = new DjangoApp("app", {
    host,
    user: deployer.user,
    production: false,
    source: { kind: "folder", archive: { path, sha256: digest, bytes: size } },
    allowedHosts: ["tracks.test"],
    healthPath: "/health/",
    dependsOn: [packages.command, deployer.account],
  });
  return { release: app.release, backups: app.backups };
};
