import { postgresVersion } from "../../host/manifest/values";

/** Versions that PostgresDatabase.version allows, in words. */
export const supportedVersions = "9.2 to 9.6 and 10 to 18";

/** Whether PostgresDatabase.version allows this version of a server. */
export function isSupported(version: string): boolean {
  return postgresVersion.schema.safeParse(version).success;
}
