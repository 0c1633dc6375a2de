import type { ManifestEntry } from "../../host/manifest/manifest";

/** Directories of nginx's configuration, as the notes have them. */
export const nginxTree = {
  /** Directory of every site's file. */
  sitesAvailable: "/etc/nginx/sites-available",
  /** Directory of links to the sites that nginx serves. */
  sitesEnabled: "/etc/nginx/sites-enabled",
  /** Folder with a folder of files for each site, which the site includes. */
  locations: "/etc/nginx/locations",
  logs: "/etc/nginx/logs",
} as const;

/** SELinux type of configuration, which nginx may read. */
export const configurationType = "httpd_config_t";

/** A directory that nginx may write logs to. */
export function logDirectory(path: string): ManifestEntry {
  return { kind: "directory", path, context: "httpd_log_t" };
}
