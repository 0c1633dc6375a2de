import { problemError } from "../../host/ProblemError";
import type { Session } from "../../host/ssh/session";
import { Deadline } from "../../host/ssh/deadline";
import { uwsgiPaths } from "../../templates/uwsgi";
import { type Application, applicationOf, commandFor, type Site } from "./site";
import { whileHeard } from "./whileHeard";

/** Seconds that a file may take to be read. */
const deadlineSeconds = 30;

/** Where the service's programs come from: its unit says the same. */
const servicePath = "/usr/sbin:/usr/bin:/sbin:/bin";

/** Options of {@link managed}. */
export interface ManageOptions {
  /** Without PRODUCTION: the development settings, and the sqlite file. @default false */
  readonly dev?: boolean;
  /** TERM of the terminal that it runs on. @default none */
  readonly terminal?: string;
  /** Further directories of programs, such as that of psql. @default none */
  readonly path?: readonly string[];
}

/**
 * The words that run manage.py of the current release as long as the caller is there, see {@link inApplication}.
 *
 * @throws ProblemError where the service was not deployed yet
 */
export function managed(
  site: Site,
  session: Session,
  words: readonly string[],
  options: ManageOptions = {},
): Promise<string[]> {
  const program = [...managePy(applicationOf(site)), ...words];
  // The end of a terminal is the end of all that runs there.
  const ending = options.terminal === undefined ? whileHeard(program) : program;
  return inApplication(site, session, ending, options);
}

/** manage.py and the interpreter that runs it. */
export function managePy({ virtualenv }: Application): string[] {
  return [`${virtualenv}/bin/python`, "manage.py"];
}

/**
 * The words that run a program in the current release: as the application's user, with the variables that
 * the service has and no others but those of a login.
 *
 * The service's are read from its options on the host, which everybody may read: they hold no secret.
 *
 * @throws ProblemError where the service was not deployed yet
 */
export async function inApplication(
  site: Site,
  session: Session,
  program: readonly string[],
  options: ManageOptions = {},
): Promise<string[]> {
  const application = applicationOf(site);
  const environment = await serviceEnvironment(site, session);
  return wordsInApplication(application, environment, program, options);
}

/** The same, from what is known by then. */
export function wordsInApplication(
  { user, home, current }: Application,
  environment: readonly string[],
  program: readonly string[],
  { dev = false, path = [], terminal }: ManageOptions,
): string[] {
  return [
    ...["runuser", "-u", user, "--"],
    // The sudo's or the SSH server's umask is not the service's.
    ...["sh", "-c", `umask 022; cd -- "$0" && exec env -i "$@"`, current],
    `PATH=${[servicePath, ...path].join(":")}`,
    ...[`HOME=${home}`, `USER=${user}`, `LOGNAME=${user}`],
    ...(terminal === undefined ? [] : [`TERM=${terminal}`]),
    ...environment.filter((variable) => !(dev && variable.startsWith("PRODUCTION="))),
    ...program,
  ];
}

async function serviceEnvironment(site: Site, session: Session): Promise<string[]> {
  const { application } = site.configuration;
  if (application === undefined) return [];
  const { application: name, log } = application.uwsgi;
  const { ini } = uwsgiPaths(name, log);
  const { exitCode, stdout } = await session.exec(["cat", ini], "", new Deadline(deadlineSeconds));
  if (exitCode === 0) return parseEnvironment(stdout);
  throw problemError({
    subject: `The host has no ${ini}, where the service's variables are`,
    fix: [`pulumi up --stack ${site.stack}`, `or see ${commandFor(site, "status")}`],
  });
}

/** Variables, as `NAME=VALUE`, of an ini file of uWSGI. */
export function parseEnvironment(ini: string): string[] {
  return [...ini.matchAll(/^env *= *([A-Za-z_]\w*=.*?)\s*$/gm)].map(
    ([, variable = ""]) => variable,
  );
}
