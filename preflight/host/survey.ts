import type { Connection } from "../../host/ssh/connection";
import type { Deadline } from "../../host/ssh/deadline";
import { HostError, hostReason } from "../../host/ssh/error";
import { type ManifestEntry, renderLine } from "../../host/manifest/manifest";
import type { ProblemParts } from "../../host/problem";
import { runVerb } from "../../host/script/verb";
import type { CommandResult, Session } from "../../host/ssh/session";
import { type HostFacts, parseReport } from "../../host/facts";

/** Questions to the host, besides those that the survey always asks. */
export interface SurveyQuestions {
  /** Login that the site belongs to. @default none: no question */
  readonly user?: string;
  /** Port that the site listens on. */
  readonly listenPort: number;
  /** Whether the site is nginx's default_server. */
  readonly defaultServer: boolean;
  readonly serverNames: readonly string[];
  /** Files that this program will write, and that may exist. */
  readonly paths: readonly string[];
  /** Paths and addresses of the application. @default none: no question */
  readonly application?: ApplicationQuestion | undefined;
  /** The host's PostgreSQL server, which has the site's data. @default none: no question */
  readonly database?: DatabaseQuestion | undefined;
  /** Packages to install. @default none: no question */
  readonly packages?: PackageQuestion | undefined;
}

/** Packages that dnf or yum will install, and what its answer depends on. */
export interface PackageQuestion {
  /** Packages and module streams. */
  readonly entries: readonly ManifestEntry[];
  /** Ids of repositories that this program adds first: until the host has them, the question is skipped. */
  readonly repositories: readonly string[];
  /** Proxy that this program sets first. */
  readonly proxy: string | undefined;
}

/** Paths and addresses that an application and its service will have. */
export interface ApplicationQuestion {
  /** The link to the current release. */
  readonly current: string;
  /** The link to the current virtualenv. */
  readonly virtualenv: string;
  readonly shared: string;
  /** Address, such as `127.0.0.1:8001`. */
  readonly socket: string;
  readonly stats: string;
  readonly interpreter: string;
}

/** Where to look for the host's PostgreSQL server; `auto` as in the manifest's entry. */
export interface DatabaseQuestion {
  readonly service: string;
  readonly binaries: string;
  readonly dataDirectory: string;
  readonly port: number;
}

/** The program for the host; see `host/script/`. */
export interface HostScript {
  readonly text: string;
  /** Project and stack, `PROJECT.STACK`. */
  readonly scope: string;
}

/**
 * Asks the host for its state, by the verb `look` of the host script, as root. The script comes by stdin: that works
 * before the host has it, and leaves nothing there.
 */
export async function survey(
  session: Session,
  connection: Connection,
  { text: script, scope }: HostScript,
  questions: SurveyQuestions,
  distribution: string,
  deadline: Deadline,
): Promise<HostFacts> {
  const words = lookWords(connection.user, questions);
  const result = await runVerb(session, connection, { scope, words, script }, deadline);
  if (isWhole(result)) return parseReport(distribution, result.stdout);
  throw new HostError("script", unread(result));
}

/** Whether the host answered to its end. */
export function isWhole({ exitCode, stdout }: CommandResult): boolean {
  return exitCode === 0 && /^preflight complete$/m.test(stdout);
}

/** The problem with an answer that is not whole. */
export function unread({ stderr }: CommandResult): ProblemParts {
  return { subject: "The state of the host can't be read", reason: hostReason(stderr) };
}

/**
 * The verb and its words.
 *
 * @param login that deploys, and has copied files to the host
 */
export function lookWords(login: string, questions: SurveyQuestions): string[] {
  return [
    "look",
    ...(questions.user === undefined ? [] : [`user=${questions.user}`]),
    `login=${login}`,
    `listen=${questions.listenPort}`,
    `default=${questions.defaultServer ? "yes" : "no"}`,
    ...questions.serverNames.map((name) => `server=${name}`),
    ...questions.paths.map((path) => `path=${path}`),
    ...aboutApplication(questions.application),
    ...aboutDatabase(questions.database),
    ...aboutPackages(questions.packages),
  ];
}

function aboutApplication(question: ApplicationQuestion | undefined): string[] {
  if (question === undefined) return [];
  const { current, virtualenv, shared, socket, stats, interpreter } = question;
  return [`application=${[current, virtualenv, shared, socket, stats, interpreter].join()}`];
}

function aboutDatabase(question: DatabaseQuestion | undefined): string[] {
  if (question === undefined) return [];
  const { service, binaries, dataDirectory, port } = question;
  return [`postgresql=${service},${binaries},${dataDirectory},${port}`];
}

function aboutPackages(question: PackageQuestion | undefined): string[] {
  if (question === undefined) return [];
  const { entries, repositories, proxy } = question;
  return [
    ...entries.map((entry) => `want=${renderLine(entry)}`),
    ...repositories.map((id) => `repository=${id}`),
    ...(proxy === undefined ? [] : [`proxy=${proxy}`]),
  ];
}
