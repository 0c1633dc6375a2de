import type { Host } from "../../host/Host";
import type { ArgumentError } from "../args/argument";
import type { ServerPackages } from "../args/PostgresDatabase";
import { wantedPackages } from "./wantedPackages";

/** Argument `server` of each SystemPackages of a host. */
const serverArguments = new WeakMap<Host, { name: string; server: ServerPackages | undefined }[]>();

/** Remembers the argument of a SystemPackages, for the PostgresDatabase that comes after it. */
export function rememberServer(host: Host, name: string, server: ServerPackages | undefined): void {
  serverArguments.set(host, [...(serverArguments.get(host) ?? []), { name, server }]);
}

/**
 * A SystemPackages with another server, or without one, installs a client that prevents the server's
 * installation: on Enterprise Linux 8 it enables the module stream of another version, and two packages of
 * PostgreSQL's own repository conflict.
 *
 * @param server the host's own server; undefined for one elsewhere
 */
export function serverArgumentErrors(
  host: Host,
  server: ServerPackages | undefined,
): ArgumentError[] {
  if (server === undefined) return [];
  const wanted = text(server);
  return (serverArguments.get(host) ?? [])
    .filter((packages) => text(packages.server) !== wanted)
    .map(({ name, server: other }) => ({
      propertyPath: "host",
      given: `a host whose SystemPackages "${name}" ${other === undefined ? "has no argument server" : `has the argument server: ${JSON.stringify(other)}`}`,
      allowed: `one whose SystemPackages has the argument server: ${JSON.stringify(server)}, since the client of PostgreSQL that it installs must have the server's version`,
    }));
}

function text(server: ServerPackages | undefined): string {
  return JSON.stringify(wantedPackages({ server }));
}
