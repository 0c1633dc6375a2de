import { postgresVersion } from "../../host/manifest/values";
import { UserError } from "../../host/userError";

/** Versions that tracks:postgresVersion takes, in words. */
export const supportedVersions = "9.2 to 9.6 and 10 to 18";

/** Whether tracks:postgresVersion takes the version that a server has: no other is recommended. */
export function isSupported(version: string): boolean {
  return postgresVersion.schema.safeParse(version).success;
}

/** What of the configured database does not fit the server that it is compared with. */
export class PostgresError extends UserError {
  constructor(message: string) {
    super("PostgresError", message);
  }
}
