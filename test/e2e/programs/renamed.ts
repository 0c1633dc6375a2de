import { loadConfiguration } from "../../../settings/configuration";
import { plainNames, siteOnHost } from "./siteOnHost";

/** The same site, after someone renamed every resource that writes what it serves. */
export = async () => {
  await siteOnHost(loadConfiguration(), {
    ...plainNames,
    nginx: "web-server",
    site: "web-site",
    robots: "spiders",
  });
};
