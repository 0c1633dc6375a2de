import { type Connection, privilege } from "../../host/ssh/connection";
import type { Deadline } from "../../host/ssh/deadline";
import { HostError, inWords } from "../../host/ssh/error";
import { type ManifestEntry, renderLine } from "../../host/manifest/manifest";
import type { Session } from "../../host/ssh/session";
import { type HostFacts, parseReport } from "../../host/facts";

/** What the survey looks for beside what it always does. */
export interface SurveyQuestions {
  /** Login that the site belongs to. @default none of its own: nothing is asked */
  readonly user?: string;
  /** Port that the site listens on. */
  readonly listenPort: number;
  /** Shall the site answer to names that no site has? */
  readonly defaultServer: boolean;
  readonly serverNames: readonly string[];
  /** Files of ours that may replace somebody else's. */
  readonly paths: readonly string[];
  /** What the application will stand in the place of. @default there is none: nothing is asked */
  readonly application?: ApplicationQuestion | undefined;
  /** The PostgreSQL server that the site's data lie in. @default none on this host: nothing is asked */
  readonly database?: DatabaseQuestion | undefined;
  /** What is to be installed. @default nothing is asked */
  readonly packages?: PackageQuestion | undefined;
}

/** What dnf or yum shall bring, and what its answer depends on. */
export interface PackageQuestion {
  /** Packages and module streams. */
  readonly entries: readonly ManifestEntry[];
  /** Ids of repositories that are added first: nothing is asked before they are there. */
  readonly repositories: readonly string[];
  /** A proxy that is set first. */
  readonly proxy: string | undefined;
}

/** Where an application and its service will stand. */
export interface ApplicationQuestion {
  /** The link to the current release. */
  readonly current: string;
  /** The link to the current virtualenv. */
  readonly virtualenv: string;
  readonly shared: string;
  /** As `127.0.0.1:8001`. */
  readonly socket: string;
  readonly stats: string;
  readonly interpreter: string;
}

/** Where the host's PostgreSQL server is looked for; `auto` as in the manifest's entry. */
export interface DatabaseQuestion {
  readonly service: string;
  readonly binaries: string;
  readonly dataDirectory: string;
  readonly port: number;
}

/** What is run on the host; see `host/script/`. */
export interface HostScript {
  readonly text: string;
  /** Which stack asks: `PROJECT.STACK`. */
  readonly scope: string;
}

/**
 * Runs the host script's two reading verbs as root, in one command, from stdin: it works before
 * anything is installed on the host, and leaves nothing there.
 */
export async function survey(
  session: Session,
  connection: Connection,
  { text, scope }: HostScript,
  questions: SurveyQuestions,
  distribution: string,
  deadline: Deadline,
): Promise<HostFacts> {
  const words = [
    scope,
    ...(questions.user === undefined ? [] : [`user=${questions.user}`]),
    `login=${connection.user}`,
    `listen=${questions.listenPort}`,
    `default=${questions.defaultServer ? "yes" : "no"}`,
    ...questions.serverNames.map((name) => `server=${name}`),
    ...questions.paths.map((path) => `path=${path}`),
    ...applicationWords(questions.application),
    ...databaseWords(questions.database),
    ...packageWords(questions.packages),
  ];
  // What stands before the script is a sudo password that sudo didn't ask for: never run that. The
  // script comes to bash in a file, since bash reads a pipe byte by byte; the two verbs run at once.
  const both = [
    `script=$(sed -n "/^#!/,\\$p")`,
    `run() { bash -s -- --scope "$scope" "$@" <<<"$script"; }`,
    `scope=$0`,
    `exec 3< <(run probe 2>&1 && echo "preflight complete")`,
    `run survey "$@" || exit`,
    `answer=$(cat <&3)`,
    `case $answer in *"preflight complete") echo "$answer" ;; *) echo "$answer" >&2; exit 1 ;; esac`,
  ].join("; ");
  const { prefix, firstLine } = privilege(connection);
  const result = await session.exec(
    [...prefix, "bash", "-c", both, ...words],
    firstLine === undefined ? text : `${firstLine.reveal()}\n${text}`,
    deadline,
  );
  if (result.exitCode !== 0 || !/^preflight complete$/m.test(result.stdout)) {
    throw new HostError(
      "script",
      inWords("The host can't be surveyed", result.stderr, "its answer is cut off"),
    );
  }
  return parseReport(distribution, result.stdout);
}

function applicationWords(question: ApplicationQuestion | undefined): string[] {
  if (question === undefined) return [];
  const { current, virtualenv, shared, socket, stats, interpreter } = question;
  return [`application=${[current, virtualenv, shared, socket, stats, interpreter].join()}`];
}

function databaseWords(question: DatabaseQuestion | undefined): string[] {
  if (question === undefined) return [];
  const { service, binaries, dataDirectory, port } = question;
  return [`postgresql=${service},${binaries},${dataDirectory},${port}`];
}

function packageWords(question: PackageQuestion | undefined): string[] {
  if (question === undefined) return [];
  const { entries, repositories, proxy } = question;
  return [
    ...entries.map((entry) => `want=${renderLine(entry)}`),
    ...repositories.map((id) => `repository=${id}`),
    ...(proxy === undefined ? [] : [`proxy=${proxy}`]),
  ];
}
