import { postgresDatabaseArguments } from "../../components/args/PostgresDatabase";
import { databasePassword, localPath } from "../../host/manifest/values";
import { optional, secret, settingsOf } from "../key";

const database = settingsOf("PostgresDatabase", postgresDatabaseArguments);

/** The database of a production stack. */
export const databaseKeys = {
  postgresVersion: database.setting("version", {
    meaning:
      "Version of the server: the module stream `postgresql:VERSION` where the host has it, else a package of that version. A host with another version, or without repositories for this one, is refused, with the versions that it has. The @pulumi/postgresql provider supports 14 and newer, psql on the host all of them.",
    example: "15",
  }),
  postgresBinaries: database.setting("binaries", {
    meaning: "Directory of PostgreSQL's programs on the host, where no package installed them.",
    example: "/usr/local/pgsql/bin",
    fallbackText: "the service's own, else the first directory that has them",
  }),
  postgresPackages: database.setting("packages", {
    meaning:
      "Packages of the server; an empty list where it was installed by hand. With a package such as `postgresql18-server` the deployment installs its client, too.",
    example: "postgresql15-server",
  }),
  postgresService: database.setting("service", {
    meaning: "Name of the server's service.",
    example: "postgresql-15",
  }),
  postgresDataDirectory: database.setting("dataDirectory", {
    meaning: "Directory of the server's data.",
    example: "/usr/local/pgsql/data",
    fallbackText: "the one that the service declares",
  }),
  postgresProvisioner: database.setting("provisioner", {
    meaning:
      "Creates role and database: the @pulumi/postgresql provider through an SSH tunnel, or psql on the host.",
    example: "psql",
    fallbackText: "`provider` from version 14 on, else `psql`",
  }),
  postgresTunnelPort: database.setting("tunnelPort", {
    meaning: "Port of this machine for the tunnel to PostgreSQL; it must not change.",
    example: "15432",
    fallbackText: "a port derived from the stack's name",
  }),
  databaseName: database.withDefault("database", "tracks", {
    meaning: "Name of the database.",
    example: "tracks",
  }),
  databaseUser: database.withDefault("user", "deployer", {
    meaning: "PostgreSQL role that the application logs in as.",
    example: "deployer",
  }),
  databasePassword: secret(databasePassword, {
    component: "PostgresDatabase",
    argument: "password",
    meaning:
      "Password of that role. Without it the stack generates one, and keeps it in its state.",
    example: "...",
  }),
  postgresHost: database.setting("external.host", {
    meaning:
      "A PostgreSQL server elsewhere, by its name or address as seen from the host, instead of one on the host. Needs `postgresAdminUser` and `postgresAdminPassword`.",
    example: "db.stowers.org",
  }),
  postgresPort: database.setting("port", {
    meaning: "Port of the server, there or on the host.",
    example: "5432",
  }),
  postgresAdminUser: database.setting("external.adminUser", {
    meaning: "Role on the server elsewhere that may create roles and databases.",
    example: "tracks_admin",
    needed: "with `postgresHost`",
  }),
  postgresAdminPassword: secret(databasePassword, {
    component: "PostgresDatabase",
    argument: "external.adminPassword",
    meaning: "Password of that role.",
    example: "...",
    needed: "with `postgresHost`",
  }),
  postgresSslMode: database.withDefault("external.sslMode", "require", {
    meaning:
      "How to encrypt and check connections to the server elsewhere, in libpq's words: those of the application, and those of the deployment, which start at the host. Only `verify-full` proves that it is that server.",
    example: "verify-full",
  }),
  postgresCaFile: optional(localPath, {
    component: "PostgresDatabase",
    argument: "external.authorities",
    becomes: "the certificates in the file",
    meaning:
      "File on this machine with the certificates of the authorities that sign for the server. Relative to the repository; the deployment copies it to the host for the application.",
    example: "database-ca.pem",
    needed: "with `verify-ca` and `verify-full`",
  }),
};
