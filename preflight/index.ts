import * as pulumi from "@pulumi/pulumi";
import type { ApplicationSource } from "../components/args/DjangoApp";
import type { PostgresDatabaseArgs } from "../components/args/PostgresDatabase";
import { checkFormerPlace } from "./formerPlace";
import { checkInitSystem, checkObstacles, hostObstacles, refuse } from "./obstacles";
import { planPostgres, postgresForwarding, postgresPackages } from "./database/plan";
import type { PackageNeeds } from "../components/packages/wantedPackages";
import type { Configuration } from "../settings/configuration";
import type { LocalFile } from "../host/Host";
import type { HostFacts } from "../host/facts";
import { examineHost } from "./host/examineHost";
import { sourceCommit } from "./host/sourceCommit";
import { surveyQuestions } from "./questions";
import { dumpFile } from "./source/dumpFile";
import { isDeployed, packFolder } from "./source/folder";

/** What is found out and settled before any resource is registered. */
export interface Preflight {
  /** What the host looks like; undefined in a preview of one that can't be reached. */
  readonly facts: HostFacts | undefined;
  /** The application's source; a git commit may be known only when git is on the host. */
  readonly source: ((git: readonly pulumi.CustomResource[]) => ApplicationSource) | undefined;
  /** The old site's dump, as it is on this machine. */
  readonly dump: LocalFile | undefined;
  /** How the database is made. */
  readonly database: Omit<PostgresDatabaseArgs, "host"> | undefined;
  /** What decides which packages the host must have. */
  readonly packageNeeds: PackageNeeds;
}

/**
 * Looks at the application's source here and at the host, and compares both with the
 * configuration; every fault that shows by then ends the program with nothing touched.
 */
export async function preflight(config: Configuration): Promise<Preflight> {
  const { application, connection } = config;
  const from = application?.django.source;
  const repository = from?.kind === "git" ? from.repository : undefined;
  const server = application?.database && postgresPackages(application.database);
  const { extraPackages, moduleStreams } = config.packages;
  const packageNeeds = {
    extraPackages,
    moduleStreams,
    interpreter: application?.uwsgi.interpreter,
    server,
  };
  const [folder, dump, facts] = await Promise.all([
    application && packFolder(application),
    application?.migration && dumpFile(application.migration.dump),
    examineHost(connection, {
      survey: surveyQuestions(config, packageNeeds),
      needsSftp: from?.kind === "folder" || application?.migration !== undefined,
      git: repository,
      forwarding: application?.database && postgresForwarding(application.database),
    }),
  ]);
  if (facts !== undefined) refuse(hostObstacles(facts));
  // What is deployed as it is was told when it was deployed.
  if (folder !== undefined && !isDeployed(folder.source, facts)) {
    for (const text of folder.warnings) void pulumi.log.warn(text);
  }
  if (application !== undefined) {
    checkInitSystem(from?.kind === "git" ? "tracks:sourceUrl" : "tracks:sourceFolder", facts);
    checkFormerPlace({ ...application.django, user: config.deployer.user }, facts);
    const { interpreter, socket, stats } = application.uwsgi;
    checkObstacles(
      {
        addresses: { "tracks:uwsgiSocket": socket, "tracks:uwsgiStats": stats },
        interpreter,
        loadsDump: application.migration !== undefined,
      },
      facts,
    );
  }
  const database =
    application?.database && (await planPostgres(connection, facts, application.database));
  const fromGit =
    repository &&
    ((git: readonly pulumi.CustomResource[]): ApplicationSource => ({
      ...repository,
      kind: "git",
      deployKey: repository.deployKey?.output(),
      commit: sourceCommit(connection, repository, facts, git),
    }));
  const source = folder === undefined ? fromGit : () => folder.source;
  return { facts, source, dump, database, packageNeeds };
}
