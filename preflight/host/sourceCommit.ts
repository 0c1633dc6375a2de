import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../../host/ssh/connection";
import { Deadline } from "../../host/ssh/deadline";
import { failingIn } from "../../host/ProblemError";
import { HostError } from "../../host/ssh/error";
import type { HostFacts } from "../../host/facts";
import type { GitRepository } from "../../components/args/DjangoApp";
import { askCommit, gitDeadlineSeconds } from "./commit";
import { hostScript } from "../../host/script/hostScript";
import { inStackKeys } from "../../settings/argumentKeys";
import { overSession } from "./overSession";

/**
 * The commit to deploy: the one that the preflight found; on a host without git or the user, the one that
 * the host finds after both are installed.
 *
 * @param after resources that install both; without them on the host, a preview does not know the commit
 */
export function sourceCommit(
  connection: Connection,
  repository: GitRepository,
  facts: HostFacts | undefined,
  after: readonly pulumi.CustomResource[],
): pulumi.Input<string> {
  if (facts?.commit !== undefined) return facts.commit;
  // The preview could not reach the host, or found no git on it.
  if (pulumi.runtime.isDryRun()) return pulumi.output(pulumi.unknown) as pulumi.Output<string>;
  return pulumi
    .all(after.map((resource) => resource.id))
    .apply(() => failingIn(inStackKeys, ask(connection, repository)));
}

async function ask(connection: Connection, repository: GitRepository): Promise<string> {
  const deadline = new Deadline(gitDeadlineSeconds);
  const script = { text: hostScript(), scope: `${pulumi.getProject()}.${pulumi.getStack()}` };
  const commit = await overSession(connection, deadline, (session) =>
    askCommit(session, connection, script, repository, deadline),
  );
  if (commit !== undefined) return commit;
  throw new HostError("git", {
    subject: "The commit of the source can't be found",
    reason: `The host has no git, or no user ${repository.user}, though both were installed.`,
  });
}
