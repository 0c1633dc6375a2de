import type * as pulumi from "@pulumi/pulumi";
import type { AppSource, GitRepository } from "../components/args/DjangoApp";
import type { Connection } from "../host/ssh/connection";
import { checkFormerLocation } from "./formerLocation";
import { checkInitSystem, checkNeeds } from "./needs";
import { warn } from "./refuse";
import { planPostgres, postgresForwarding } from "./database/plan";
import { ownServer } from "../components/postgres/resolve";
import { inStackKeys } from "../settings/argumentKeys";
import type { StackConfig } from "../settings/configuration";
import type { HostFacts } from "../host/facts";
import { examineHost } from "./host/examineHost";
import { previewLogin, previewUserIn } from "./host/previewLogin";
import { sourceCommit } from "./host/sourceCommit";
import { surveyQuestions } from "./questions";
import { dumpFile } from "./source/dumpFile";
import { isDeployed, packFolder } from "./source/folder";

/** The arguments of every component, checked and complete; undefined for a component that the stack does not have. */
export type SiteArguments = Awaited<ReturnType<typeof preflight>>;

/**
 * Looks at the application's source on this machine and at the host, and compares both with the
 * configuration. Any problem that it finds ends the program before anything is changed.
 */
export async function preflight(config: StackConfig) {
  const { application, connection } = config;
  const previewUser = previewUserIn(process.env);
  const from = application?.django.source;
  const repository = from?.kind === "git" ? from.repository : undefined;
  const server = application?.database && ownServer(application.database);
  const packages = { ...config.packages, interpreter: application?.uwsgi.interpreter, server };
  const [folder, dump, facts] = await Promise.all([
    application && packFolder(application),
    application?.migration && dumpFile(application.migration.dump),
    examineHost(connection, {
      survey: surveyQuestions(config, packages),
      needsSftp: from?.kind === "folder" || application?.migration !== undefined,
      git: repository,
      forwarding: application?.database && postgresForwarding(application.database),
      previewUser,
      inTerms: inStackKeys,
    }),
  ]);
  // The deployment of a release has shown its warnings.
  if (folder !== undefined && !isDeployed(folder.source, facts)) warn(folder.warnings);
  if (application !== undefined) {
    checkInitSystem(from?.kind === "git" ? "tracks:sourceUrl" : "tracks:sourceFolder", facts);
    checkFormerLocation(application.django, facts);
    const { interpreter, socket, stats } = application.uwsgi;
    checkNeeds(
      {
        addresses: { "tracks:uwsgiSocket": socket, "tracks:uwsgiStats": stats },
        interpreter,
        loadsDump: application.migration !== undefined,
      },
      facts,
    );
  }
  const database =
    application?.database &&
    (await planPostgres(
      previewUser === undefined ? connection : previewLogin(connection, previewUser),
      facts,
      application.database,
      inStackKeys,
    ));
  const source =
    repository === undefined
      ? folder && (() => folder.source)
      : gitSource(connection, repository, facts);
  const { deployer, nginx, site, robots, logrotate } = config;
  return {
    host: { connection, facts },
    packages,
    deployer: {
      ...deployer,
      password: deployer.password.output(),
      services: ["nginx", "uwsgi"],
    },
    database,
    uwsgi: application?.uwsgi,
    robots,
    site,
    nginx,
    logrotate,
    app: application &&
      source && {
        ...application.django,
        secretKey: application.django.secretKey?.output(),
        postgresqlBinaries: application.database?.binaries,
        source,
      },
    migration: application?.migration &&
      dump && {
        ...application.migration,
        dump,
        postgresqlBinaries: application.database?.binaries,
      },
  };
}

/** A git source, whose commit may be known only after git and its user are on the host. */
function gitSource(
  connection: Connection,
  repository: GitRepository,
  facts: HostFacts | undefined,
): (git: readonly pulumi.CustomResource[]) => AppSource {
  return (git) => ({
    ...repository,
    kind: "git",
    deployKey: repository.deployKey?.output(),
    commit: sourceCommit(connection, repository, facts, git),
  });
}
