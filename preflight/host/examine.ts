import type { Connection } from "../../host/ssh/connection";
import { Deadline } from "../../host/ssh/deadline";
import type { ForwardingTarget } from "../../host/ssh/forward";
import type { GitRepository } from "../../components/args/DjangoApp";
import { askCommit, gitDeadlineSeconds } from "./commit";
import { checkForwarding, checkPrivilege, checkSystem } from "./checks";
import type { HostFacts } from "../../host/facts";
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
export function examine(
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
