/**
 * The components as a library, for a program of your own: importing it registers no resource.
 *
 * A program gives each of them its {@link Host}. A file of a host has one component, so a host has at most one
 * {@link Nginx} and one {@link Uwsgi}. None takes the option `aliases`, nor does a component above it: a renamed
 * component takes over what it wrote. Without the preflight
 * (`tracks/preflight`) the program checks nothing on the host before the first command runs, and does not
 * notice a change that somebody made there by hand.
 *
 * In an inline program of the Automation API (3.248), a run hangs when a resource's input fails as an output
 * and another resource depends on that resource: end it with `pulumi cancel`, or end the process. A plain value
 * that is not allowed ends such a run at once, as it ends every other.
 */

export { Host, type HostArgs, type LocalFile } from "../host/Host";
export type { FileTransform } from "../host/manifest/transform";
export type { HostFacts } from "../host/facts";
export { connectionTo, type ConnectionArgs, type LoginArgs } from "./connectionTo";
export type { Connection } from "../host/ssh/connection";

export { SystemPackages } from "./SystemPackages";
export type { SystemPackagesArgs } from "./args/SystemPackages";
export type { YumRepository } from "../templates/yum";
export { LinuxUser } from "./LinuxUser";
export type { LinuxUserArgs } from "./args/LinuxUser";

export { Nginx } from "./Nginx";
export type { NginxArgs } from "./args/Nginx";
export { NginxSite } from "./NginxSite";
export type { NginxSiteArgs } from "./args/NginxSite";
export type { SiteLocations } from "./nginx/SiteLocations";
export { RobotsTxt } from "./RobotsTxt";
export type { RobotsTxtArgs } from "./args/RobotsTxt";
export { Logrotate } from "./Logrotate";
export type { LogrotateArgs, LogRotation } from "./args/Logrotate";

export { type DatabaseConnection, PostgresDatabase } from "./PostgresDatabase";
export type {
  DatabaseFacts,
  ExternalServer,
  PostgresDatabaseArgs,
  ServerPackages,
} from "./args/PostgresDatabase";
export { Uwsgi } from "./Uwsgi";
export type { UwsgiArgs } from "./args/Uwsgi";
export { DjangoApp } from "./DjangoApp";
export type { ApplicationDatabase, AppSource, DjangoAppArgs, GitHostKey } from "./args/DjangoApp";
export { DataMigration } from "./DataMigration";
export type { DataMigrationArgs, MigratedApplication } from "./args/DataMigration";
export { UwsgiService, type UwsgiServiceArgs } from "./UwsgiService";

export { ArgumentsError } from "./ArgumentsError";
export type { ArgumentError } from "./args/argument";
export { ProblemError } from "../host/ProblemError";
export type { Problem } from "../host/problem";
