import { loadConfiguration } from "../../../settings/configuration";
import { siteOnHost } from "./siteOnHost";

/** The site under its plain names. */
export = async () => {
  await siteOnHost(loadConfiguration());
};
