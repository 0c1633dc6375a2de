import type { Connection } from "../../host/ssh/connection";
import { Deadline } from "../../host/ssh/deadline";
import type { ForwardingTarget } from "../../host/ssh/forward";
import type { GitRepository } from "../../components/args/DjangoApp";
import { askCommit, gitDeadlineSeconds } from "./commit";
import { checkForwarding, checkPrivilege, checkSystem } from "./checks";
import type { HostFacts } from "../../host/facts";
import { UserError } from "../../host/userError";
import { overSession } from "./overSession";
import { checkSftp } from "./sftp";
import { type HostScript, survey, type SurveyQuestions } from "./survey";

/** What a program needs of its host. */
export interface PreflightOptions {
  readonly survey: SurveyQuestions;
  /** Something is copied to the host. @default false */
  readonly needsSftp?: boolean;
  /** A tunnel is to end there, on the host. @default no tunnel */
  readonly forwarding?: ForwardingTarget;
  /** The application's source, whose commit is asked for. @default it comes from elsewhere */
  readonly git?: GitRepository;
  /** Says a text that names arguments in the program's own terms. @default as it is */
  readonly inTerms?: (text: string) => string;
}

/** Seconds in which every fault of the way to the host shows, up to the login. */
const wayDeadlineSeconds = 10;

/** Seconds that a host which let us in, but is busy or slow, has to say what it is. */
const systemDeadlineSeconds = 60;

/** Seconds that reading the host's state may take: every package and file of the stack is looked at. */
const surveyDeadlineSeconds = 60;

/**
 * The preflight without Pulumi: everything about the host, or the one error.
 *
 * @throws {@link HostError}
 */
export async function examine(
  connection: Connection,
  script: HostScript,
  { inTerms = (text) => text, ...options }: PreflightOptions,
): Promise<HostFacts> {
  try {
    return reworded(await ask(connection, script, options), inTerms);
  } catch (error) {
    throw error instanceof UserError ? error.reword(inTerms) : error;
  }
}

function ask(
  connection: Connection,
  script: HostScript,
  options: PreflightOptions,
): Promise<HostFacts> {
  return overSession(connection, new Deadline(wayDeadlineSeconds), async (session) => {
    const deadline = new Deadline(systemDeadlineSeconds);
    const distribution = await checkSystem(session, deadline);
    await checkPrivilege(session, connection, deadline);
    if (options.needsSftp === true) await checkSftp(session, connection.user, deadline);
    if (options.forwarding) await checkForwarding(session, options.forwarding, deadline);
    const facts = await survey(
      session,
      connection,
      script,
      options.survey,
      distribution,
      new Deadline(surveyDeadlineSeconds),
    );
    const commit =
      options.git &&
      (await askCommit(session, connection, script, options.git, new Deadline(gitDeadlineSeconds)));
    return commit === undefined ? facts : { ...facts, commit };
  });
}

/** A manifest stays as it is: it is compared with ours. */
function reworded(
  { facts, conflicts, resources, ...found }: HostFacts,
  inTerms: (text: string) => string,
): HostFacts {
  return {
    ...found,
    facts: new Map([...facts].map(([name, text]) => [name, inTerms(text)])),
    conflicts: conflicts.map((text) => inTerms(text)),
    resources: new Map(
      [...resources].map(([name, { reason, ...resource }]) => [
        name,
        { ...resource, reason: reason && inTerms(reason) },
      ]),
    ),
  };
}
