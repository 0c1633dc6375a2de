import { loadConfiguration } from "../../../config";
import { siteOnHost } from "./siteOnHost";

/** The site under its plain names. */
export = async () => {
  await siteOnHost(loadConfiguration());
};
