import { serveProvider } from "../protocol/provider";
import { database } from "./database";
import { grant } from "./grant";
import { grantRole } from "./grantRole";
import { managed } from "./managed";
import { role } from "./role";
import { Server } from "./server";
import { readSettings } from "./settings";

let configured: Server | undefined;

function server(): Server {
  if (configured === undefined) throw new Error("the provider was not configured");
  return configured;
}

serveProvider({
  version: "3.18.1",
  resources: {
    "postgresql:index/database:Database": managed(database, server),
    "postgresql:index/grant:Grant": managed(grant, server),
    "postgresql:index/grantRole:GrantRole": managed(grantRole, server),
    "postgresql:index/role:Role": managed(role, server),
  },
  configure: (settings) => {
    configured = new Server(readSettings(settings));
  },
});
