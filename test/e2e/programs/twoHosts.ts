import { homedir } from "node:os";
import { checkConfiguration, loadConfiguration } from "../../../settings/configuration";
import { siteOnHost } from "./siteOnHost";

/** One stack with two hosts: the stack's own, and the lab host `second`. */
export = async () => {
  const second = checkConfiguration({
    stack: "second",
    settings: { "tracks:host": "lab", "tracks:serverNames": '["second.example.org"]' },
    secretNames: new Set(),
    directory: process.cwd(),
    labDirectory: process.env["TRACKS_LAB_DIR"] ?? ".lab",
    home: homedir(),
  });
  await siteOnHost(loadConfiguration());
  await siteOnHost(second.configuration, {
    host: "second-host",
    packages: "second-packages",
    nginx: "second-nginx",
    site: "second-tracks",
    robots: "second-robots",
  });
};
