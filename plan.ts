import * as pulumi from "@pulumi/pulumi";
import type { ApplicationSource } from "./components/django/args";
import { checkFormerPlace } from "./components/formerPlace";
import { checkInitSystem, checkObstacles, hostObstacles, refuse } from "./components/obstacles";
import {
  planPostgres,
  postgresForwarding,
  postgresPackages,
  type PostgresPlan,
  postgresQuestion,
} from "./components/postgres/plan";
import { type PackageNeeds, wantedPackages } from "./components/wantedPackages";
import type { Configuration } from "./config";
import { applicationPaths, virtualenvPaths } from "./config/applicationPaths";
import type { LocalFile } from "./host/Host";
import { packageEntry } from "./host/manifest";
import { type ApplicationQuestion, type HostFacts, preflight } from "./host/preflight";
import { sourceCommit } from "./host/sourceCommit";
import { dumpFile } from "./source/dumpFile";
import { findingText } from "./source/finding";
import { inspectSource } from "./source/inspectSource";
import { packSource } from "./source/packSource";
import { SourceError } from "./source/SourceError";

/** What is found out and settled before any resource is registered. */
export interface Plan {
  /** What the host looks like; undefined in a preview of one that can't be reached. */
  readonly facts: HostFacts | undefined;
  /** The application's source; a git commit may be known only when git is on the host. */
  readonly source: ((git: readonly pulumi.CustomResource[]) => ApplicationSource) | undefined;
  /** The old site's dump, as it is on this machine. */
  readonly dump: LocalFile | undefined;
  /** How the database is made. */
  readonly database: PostgresPlan | undefined;
  /** What decides which packages the host must have. */
  readonly packageNeeds: PackageNeeds;
}

/**
 * Looks at the application's source here and at the host, and compares both with the
 * configuration; every fault that shows by then ends the program with nothing touched.
 */
export async function plan(config: Configuration): Promise<Plan> {
  const { application, connection } = config;
  const from = application?.django.source;
  const repository = from?.kind === "git" ? from.repository : undefined;
  const question = application?.database && postgresQuestion(application.database);
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
    preflight(connection, {
      survey: {
        ...config.survey,
        application: application && applicationQuestion(config, application),
        database: question,
        packages: {
          entries: [...wantedPackages(packageNeeds), ...(server?.packages ?? []).map(packageEntry)],
          repositories: config.packages.yumRepositories.map(({ id }) => id),
          proxy: config.packages.yumProxy,
        },
      },
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
      commit: sourceCommit(connection, repository, facts, git),
    }));
  const source = folder === undefined ? fromGit : () => folder.source;
  return { facts, source, dump, database, packageNeeds };
}

/** Where the application will stand: what is there by now is named in a preview. */
function applicationQuestion(
  { deployer }: Configuration,
  { django, uwsgi }: NonNullable<Configuration["application"]>,
): ApplicationQuestion {
  const { current, shared } = applicationPaths(django.siteRoot, django.app);
  return {
    current,
    virtualenv: virtualenvPaths(deployer.home).current,
    shared,
    socket: uwsgi.socket,
    stats: uwsgi.stats,
    interpreter: uwsgi.interpreter,
  };
}

/** Is the release that the host runs made from this archive? */
function isDeployed(source: FolderSource, facts: HostFacts | undefined): boolean {
  const release = `/${source.archive.sha256.slice(0, 12)}`;
  return [...(facts?.resources.values() ?? [])].some(({ manifest }) =>
    manifest?.some((line) => {
      const [kind, path] = line.split(" ", 2);
      return kind === "application" && path?.endsWith(release);
    }),
  );
}

type FolderSource = Extract<ApplicationSource, { kind: "folder" }>;

/** A source on this machine, and what its author should think of. */
interface PackedFolder {
  readonly source: FolderSource;
  readonly warnings: readonly string[];
}

/** The source as the host takes it, when it lies on this machine: looked at, and packed. */
async function packFolder({
  django,
  database,
}: NonNullable<Configuration["application"]>): Promise<PackedFolder | undefined> {
  const { source, settingsModule, wsgi, requirements } = django;
  if (source.kind === "git") return undefined;
  const layout = { settingsModule, wsgi, requirementsFile: requirements };
  const findings = await inspectSource(source.folder, layout, {
    postgresql: database !== undefined,
    extra: django.extraRequirements,
  });
  const faults = findings.filter(({ severity }) => severity === "fault");
  if (faults.length > 0) throw new SourceError(source.folder, faults.map(findingText));
  const { path, digest, size } = await packSource(source.folder);
  return {
    source: { kind: "folder", archive: { path, sha256: digest, bytes: size } },
    warnings: findings.map(findingText),
  };
}
