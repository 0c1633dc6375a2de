import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { PrivateRoot } from "./privateRoot";

/** Programs of PostgreSQL's server, as stand-ins. */
export const postgresqlPrograms = ["postgres", "psql", "pg_ctl", "initdb"];

/** Gives the host a server as its package leaves it: no data, a service that is off. */
export function installPostgresql(host: PrivateRoot, version = "15.8"): void {
  linkPrograms(host, "/usr/bin", ...postgresqlPrograms);
  host.write("/rpmdb", "nginx\npostgresql-server\n");
  host.write("/server/version", `${version}\n`);
  host.write("/server/encryption", "scram-sha-256\n");
  mkdirSync(host.at("/services/postgresql"), { recursive: true });
  host.write(
    "/etc/passwd",
    `${host.read("/etc/passwd")}postgres:x:26:26::/var/lib/pgsql:/bin/bash\n`,
  );
}

export function linkPrograms(host: PrivateRoot, directory: string, ...names: string[]): void {
  mkdirSync(host.at(directory), { recursive: true });
  for (const name of names) {
    symlinkSync(join(__dirname, "commands", name), host.at(`${directory}/${name}`));
  }
}
