import { applicationPaths, virtualenvPaths } from "../../components/django/paths";
import { problemError } from "../../host/ProblemError";
import type { Connection } from "../../host/ssh/connection";
import type { Session } from "../../host/ssh/session";
import { checkConfiguration, type StackConfig } from "../../settings/configuration";
import type { ConfigurationSource } from "../../settings/read";
import { overRootSession } from "../overRootSession";
import { openStack, readSource } from "../workspace";

/** The site of one stack, as its settings have it. */
export interface Site {
  readonly project: string;
  /** Without organization and project. */
  readonly stack: string;
  /** As the host knows the stack: `PROJECT.STACK`. */
  readonly scope: string;
  readonly configuration: StackConfig;
  readonly connection: Connection;
}

/** The application of a site, and where it lies on the host. */
export interface Application {
  /** Login that it runs as. */
  readonly user: string;
  readonly home: string;
  /** The link to the current release. */
  readonly current: string;
  /** The link to the current virtualenv. */
  readonly virtualenv: string;
  /** Folder of its user alone, on the disk of the data. */
  readonly backups: string;
  readonly production: boolean;
}

/** Seconds for the way to the host, up to the login. */
const wayDeadlineSeconds = 15;

/**
 * Reads the settings of the named or else the selected stack. Secrets stay in this process.
 *
 * @param variables in which Pulumi's environment differs from this process's. @default none
 * @throws {@link ConfigurationError} with every error of the settings
 */
export async function openSite(
  named: string | undefined,
  variables: Readonly<Record<string, string>> = {},
): Promise<Site> {
  const stack = await openStack(named, variables);
  const [{ name: project }, source] = await Promise.all([
    stack.workspace.projectSettings(),
    readSource(stack),
  ]);
  return siteOf(project, source);
}

/**
 * The site of a stack whose settings were read.
 *
 * @throws {@link ConfigurationError} with every error of the settings
 */
export function siteOf(project: string, source: ConfigurationSource): Site {
  const { configuration } = checkConfiguration(source);
  const { stack } = source;
  const { connection } = configuration;
  return { project, stack, scope: `${project}.${stack}`, configuration, connection };
}

/** Logs in to the site's host, sees that the login becomes root, and does `work` there. */
export function onHost<T>(site: Site, work: (session: Session) => Promise<T>): Promise<T> {
  return overRootSession(site.connection, wayDeadlineSeconds, work);
}

/** @throws ProblemError where the stack has no application */
export function applicationOf({ configuration, stack }: Site): Application {
  const { application } = configuration;
  if (application === undefined) {
    throw problemError({
      subject: `The stack ${stack} has no application`,
      found: "neither tracks:sourceFolder nor tracks:sourceUrl: a static page",
    });
  }
  const { app, home, siteRoot, user } = application.django;
  const { backups, current } = applicationPaths(siteRoot, app);
  const { production } = application.uwsgi;
  return { user, home, current, virtualenv: virtualenvPaths(home).current, backups, production };
}

/** What the verbs of the host script that run the application are told of it. */
export function applicationWords({ user, current, virtualenv, production }: Application): string[] {
  return [
    ...[`user=${user}`, `current=${current}`, `virtualenv=${virtualenv}`],
    `production=${production ? "yes" : "no"}`,
  ];
}

/**
 * How the command is written that does something with the site. The stack comes first: behind the words of
 * another program, such as manage.py, it would be an option of that one.
 */
export function commandFor({ stack }: Pick<Site, "stack">, verb: string, ...words: string[]) {
  return ["npm run ops --", verb, "--stack", stack, ...words].join(" ");
}
