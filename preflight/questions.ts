import { applicationPaths, virtualenvPaths } from "../components/django/paths";
import { nginxTree } from "../components/nginx/tree";
import { type PackageNeeds, wantedPackages } from "../components/packages/wantedPackages";
import { resolveServer } from "../components/postgres/resolve";
import { packageEntry } from "../host/manifest/manifest";
import type { Configuration } from "../settings/configuration";
import { postgresQuestion } from "./database/plan";
import type { ApplicationQuestion, SurveyQuestions } from "./host/survey";

/**
 * What the host is asked besides what it is always asked: whose the site is, and where it will be.
 *
 * @param needs what decides which packages the host must have. @default nothing is asked about packages
 */
export function surveyQuestions(config: Configuration, needs?: PackageNeeds): SurveyQuestions {
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
