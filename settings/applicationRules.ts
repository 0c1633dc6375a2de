import { accessSync, constants, statSync } from "node:fs";
import type { ProblemParts } from "../host/problem";
import { checkDatabase } from "./databaseRules";
import { setCommand } from "./key";
import { djangoHosts, proofHost } from "./hostNames";
import { localFile } from "./localFile";
import { shown } from "../host/manifest/value";
import { type ConfigurationSource, type Reading } from "./read";
import { fullName, type KeyName, keys } from "./schema";

/** Settings that apply to an application only. */
const ofAnApplication = [
  "migrationDump",
  "databasePassword",
  "postgresHost",
  "djangoSecretKey",
  "sourceDeployKey",
] as const satisfies readonly KeyName[];

/** Checks the application's settings together, and against files on this machine. */
export function checkApplication(source: ConfigurationSource, reading: Reading): ProblemParts[] {
  return [
    ...checkSource(source, reading),
    ...checkDatabase(source, reading),
    ...checkNames(reading),
    ...checkMigration(source, reading),
  ];
}

function checkSource(source: ConfigurationSource, { values, given }: Reading): ProblemParts[] {
  if (given.has("sourceFolder") && given.has("sourceUrl")) {
    return [
      {
        subject: `${fullName("sourceFolder")}, ${fullName("sourceUrl")}`,
        given: "values for both of them",
        allowed: "one: the application comes from a folder here, or from a git repository",
        fix: [`pulumi config rm ${fullName("sourceFolder")}`],
      },
    ];
  }
  if (!given.has("sourceFolder") && !given.has("sourceUrl")) {
    return ofAnApplication
      .filter((name) => given.has(name))
      .map((name) => ({
        subject: fullName(name),
        given: "a value, but no application",
        allowed: `nothing without ${fullName("sourceFolder")} or ${fullName("sourceUrl")}`,
        fix: [`pulumi config set ${fullName("sourceUrl")} ${keys.sourceUrl.example}`],
      }));
  }
  const folder = values.sourceFolder;
  if (folder === undefined || isThere(localFile(source, folder), "directory")) return [];
  return [unreadable("sourceFolder", folder, "a folder on this machine that you may read")];
}

/** Checks that some server name can reach a release: the deployment proves each release by a request. */
function checkNames({ values, given }: Reading): ProblemParts[] {
  const { serverNames, allowedHosts } = values;
  const hasApplication = given.has("sourceFolder") || given.has("sourceUrl");
  if (!hasApplication || serverNames === undefined) return [];
  if (given.has("allowedHosts") && allowedHosts === undefined) return [];
  if (proofHost(serverNames, djangoHosts(allowedHosts ?? serverNames)) !== undefined) return [];
  const name = given.has("allowedHosts") ? "allowedHosts" : "serverNames";
  return [
    {
      subject: fullName(name),
      given: shown(values[name]),
      allowed: `with an application, at least one of ${fullName("serverNames")} without \`_\`, which Django accepts: with it the deployment requests the site`,
      fix: [setCommand(fullName(name), keys[name])],
    },
  ];
}

function checkMigration(source: ConfigurationSource, { values, given }: Reading): ProblemParts[] {
  const dump = values.migrationDump;
  if (dump !== undefined && !isThere(localFile(source, dump), "file")) {
    return [unreadable("migrationDump", dump, "a file on this machine that you may read")];
  }
  if (given.has("migrationConfirm") && !given.has("migrationDump")) {
    return [
      {
        subject: fullName("migrationConfirm"),
        given: "a digest, but no dump",
        allowed: `nothing without ${fullName("migrationDump")}`,
        fix: [`pulumi config rm ${fullName("migrationConfirm")}`],
      },
    ];
  }
  return [];
}

function unreadable(name: KeyName, path: string, allowed: string): ProblemParts {
  return {
    subject: fullName(name),
    given: `${shown(path)}, which doesn't exist or can't be read`,
    allowed,
    fix: [setCommand(fullName(name), keys[name])],
  };
}

function isThere(path: string, kind: "file" | "directory"): boolean {
  try {
    accessSync(path, constants.R_OK);
    const stats = statSync(path);
    return kind === "file" ? stats.isFile() : stats.isDirectory();
  } catch {
    return false;
  }
}
