import type { Connection } from "../../host/ssh/connection";
import { Deadline } from "../../host/ssh/deadline";
import type { ForwardingTarget } from "../../host/ssh/forward";
import type { GitRepository } from "../../components/args/DjangoApp";
import { askCommit, gitDeadlineSeconds, isCommit } from "./commit";
import { checkForwarding, checkPrivilege, checkSystem } from "./checks";
import { type HostFacts, installedScriptFact, parseReport } from "../../host/facts";
import { inArguments, reworded, type Terms } from "../../host/problem";
import { failingIn } from "../../host/ProblemError";
import { overSession } from "./overSession";
import { askInstalledScript, previewLogin } from "./previewLogin";
import { checkSftp } from "./sftp";
import { type HostScript, lookWords, survey, type SurveyQuestions } from "./survey";

/** Needs of a program on its host. */
export interface PreflightOptions {
  readonly survey: SurveyQuestions;
  /** Whether the program copies files to the host. @default false */
  readonly needsSftp?: boolean;
  /** Target of a tunnel, as seen from the host. @default no tunnel */
  readonly forwarding?: ForwardingTarget;
  /** Git repository of the application, whose commit to find. @default the source comes from elsewhere */
  readonly git?: GitRepository;
  /**
   * Login that looks in the place of the connection's own, in a preview: its sudo rule may allow the installed host
   * script's verb `look` alone. It copies nothing, and asks no git server: the commit of a branch or a tag stays
   * unknown. Where the program calls `planPostgres`, give that the connection of `previewLogin`.
   *
   * @default the connection's own login
   */
  readonly previewUser?: string | undefined;
  /** Puts a text that names arguments into the program's own terms. @default leaves it unchanged */
  readonly inTerms?: Terms;
}

/** Seconds for the way to the host, up to the login. */
const wayDeadlineSeconds = 10;

/** Seconds in which a host, perhaps busy or slow, must name its system after the login. */
const systemDeadlineSeconds = 60;

/** Seconds that reading the host's state may take, which looks at every package and file of the stack. */
const surveyDeadlineSeconds = 60;

/**
 * Looks at the host, without Pulumi.
 *
 * @throws {@link HostError}
 */
export async function examine(
  connection: Connection,
  script: HostScript,
  { inTerms = inArguments, ...options }: PreflightOptions,
): Promise<HostFacts> {
  const { previewUser } = options;
  if (previewUser === undefined) {
    return inTermsOf(inTerms, await failingIn(inTerms, ask(connection, script, options)));
  }
  // The login that is at fault there is the one of the variable.
  const inPreview: Terms = (text) =>
    inTerms(text.replaceAll("Connection.user", "TRACKS_PREVIEW_USER"));
  const asked = askOnly(connection, previewUser, script.scope, options);
  return inTermsOf(inTerms, await failingIn(inPreview, asked));
}

function ask(
  connection: Connection,
  script: HostScript,
  options: PreflightOptions,
): Promise<HostFacts> {
  return overSession(connection, new Deadline(wayDeadlineSeconds), async (session) => {
    const deadline = new Deadline(systemDeadlineSeconds);
    const system = checkSystem(session, deadline);
    const root = checkPrivilege(session, connection, deadline);
    const copies = options.needsSftp === true && checkSftp(session, connection.user, deadline);
    const tunnel = options.forwarding && checkForwarding(session, options.forwarding, deadline);
    const look = async () => {
      const [distribution] = await Promise.all([system, root]);
      const surveyDeadline = new Deadline(surveyDeadlineSeconds);
      const { survey: questions } = options;
      return survey(session, connection, script, questions, distribution, surveyDeadline);
    };
    const facts = await inOrder([system, root, copies, tunnel], look());
    const commit =
      options.git &&
      (await askCommit(session, connection, script, options.git, new Deadline(gitDeadlineSeconds)));
    return commit === undefined ? facts : { ...facts, commit };
  });
}

/** The last answer, when all have come. Of those that fail, the first in the list is told, not the fastest. */
async function inOrder<T>(before: readonly unknown[], last: Promise<T>): Promise<T> {
  const all = [...before, last];
  // The others may fail meanwhile: that is no unhandled rejection.
  void Promise.allSettled(all);
  for (const answer of all) await answer;
  return last;
}

/** Asks what a login can find out that may only look. What it finds is about the connection's own login. */
async function askOnly(
  connection: Connection,
  previewUser: string,
  scope: string,
  { survey: questions, forwarding, git }: PreflightOptions,
): Promise<HostFacts> {
  const login = previewLogin(connection, previewUser);
  return overSession(login, new Deadline(wayDeadlineSeconds), async (session) => {
    const deadline = new Deadline(systemDeadlineSeconds);
    const distribution = await checkSystem(session, deadline);
    if (forwarding) await checkForwarding(session, forwarding, deadline);
    const { stdout, digest } = await askInstalledScript(
      session,
      login,
      scope,
      lookWords(connection.user, questions),
      new Deadline(surveyDeadlineSeconds),
    );
    const report = parseReport(distribution, stdout);
    // A script of a former version does not tell it.
    const facts = { ...report, facts: new Map([...report.facts, [installedScriptFact, digest]]) };
    return git !== undefined && isCommit(git.ref) ? { ...facts, commit: git.ref } : facts;
  });
}

/** Rewords everything but manifests, which the program compares with its own. */
function inTermsOf(inTerms: Terms, { facts, problems, resources, ...rest }: HostFacts): HostFacts {
  return {
    ...rest,
    facts: new Map([...facts].map(([name, text]) => [name, inTerms(text)])),
    problems: problems.map((problem) => reworded(problem, inTerms)),
    resources: new Map(
      [...resources].map(([resource, { drift, ...found }]) => [
        resource,
        { ...found, drift: drift.map(({ name, reason }) => ({ name, reason: inTerms(reason) })) },
      ]),
    ),
  };
}
