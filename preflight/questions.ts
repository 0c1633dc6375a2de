import { applicationPaths, virtualenvPaths } from "../components/django/paths";
import { nginxTree } from "../components/nginx/tree";
import { type PackageNeeds, wantedPackages } from "../components/packages/wantedPackages";
import { resolveServer } from "../components/postgres/resolve";
import { packageEntry } from "../host/manifest/manifest";
import type { StackConfig } from "../settings/configuration";
import { postgresQuestion } from "./database/plan";
import type { ApplicationQuestion, SurveyQuestions } from "./host/survey";

/**
 * Questions to the host about the site: its login, its paths, its server names.
 *
 * @param needs what decides which packages the host must have. @default no question about packages
 */
export function surveyQuestions(config: StackConfig, needs?: PackageNeeds): SurveyQuestions {
  const { application, deployer, packages, robots, site } = config;
  return {
    user: deployer.user,
    listenPort: site.listenPort,
    defaultServer: site.defaultServer,
    serverNames: site.serverNames,
    paths: [
      `${nginxTree.sitesAvailable}/${site.site}`,
      `${nginxTree.sitesEnabled}/${site.site}`,
      robots.path,
    ],
    application: application && applicationQuestion(config, application),
    database: application?.database && postgresQuestion(application.database),
    packages: needs && {
      entries: [
        ...wantedPackages(needs),
        ...(needs.server ? resolveServer(needs.server).packages : []).map(packageEntry),
      ],
      repositories: packages.yumRepositories.map(({ id }) => id),
      proxy: packages.yumProxy,
    },
  };
}

/** Paths and addresses of the application: a preview names what the host has there now. */
function applicationQuestion(
  { deployer }: StackConfig,
  { django, uwsgi }: NonNullable<StackConfig["application"]>,
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
