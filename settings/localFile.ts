import { resolve } from "node:path";
import type { ConfigurationSource } from "./read";

/** A path of the configuration as an absolute path on this machine. */
export function localFile(source: ConfigurationSource, path: string): string {
  return path.startsWith("~/")
    ? resolve(source.home, path.slice(2))
    : resolve(source.directory, path);
}
