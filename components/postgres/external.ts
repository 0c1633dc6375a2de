import * as pulumi from "@pulumi/pulumi";
import type { ExternalServer } from "../../config/postgres";
import { proveLogin } from "../../host/postgresLogin";
import type { Tunnel } from "../../host/tunnel";
import type { Existing } from "./compare";
import type { ResolvedSettings } from "./settings";

/**
 * Asks the external server, as its administrator, what of the site it has.
 *
 * In a preview a server that lets nobody in is a warning: then nothing is known to exist.
 */
export async function existingOnExternal(
  tunnel: Tunnel,
  { user, database }: ResolvedSettings,
  { adminUser, adminPassword }: ExternalServer,
  isPreview: boolean,
): Promise<Existing> {
  try {
    const answer = await proveLogin(
      tunnel,
      { user: adminUser, password: adminPassword },
      { roles: [user], databases: [database] },
    );
    return { role: answer.roles.has(user), database: answer.databases.has(database) };
  } catch (error) {
    if (!isPreview || !(error instanceof Error)) throw error;
    void pulumi.log.warn(
      `${error.message} What the external PostgreSQL has was not compared with this preview.`,
    );
    return { role: false, database: false };
  }
}
