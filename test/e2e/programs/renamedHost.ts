import { loadConfiguration } from "../../../settings/configuration";
import { plainNames, siteOnHost } from "./siteOnHost";

/** The same site on the same host, which the program calls another name. */
export = async () => {
  await siteOnHost(loadConfiguration(), { ...plainNames, host: "machine" });
};
