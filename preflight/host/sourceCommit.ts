import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../../host/ssh/connection";
import { Deadline } from "../../host/ssh/deadline";
import { HostError } from "../../host/ssh/error";
import type { HostFacts } from "../../host/facts";
import type { GitRepository } from "../../components/args/DjangoApp";
import { askCommit, gitDeadlineSeconds } from "./commit";
import { hostScript } from "../../host/script/hostScript";
import { failingInStackKeys } from "../../settings/argumentKeys";
import { overSession } from "./overSession";

/**
 * The commit to deploy: what the preflight found, else what the host says once it has git and the user.
 *
 * @param after what brings both; on a host without them the commit is unknown in a preview
 */
export function sourceCommit(
  connection: Connection,
  repository: GitRepository,
  facts: HostFacts | undefined,
  after: readonly pulumi.CustomResource[],
): pulumi.Input<string> {
  if (facts?.commit !== undefined) return facts.commit;
  // A preview that could not reach the host, or found no git on it, asks nothing more.
  if (pulumi.runtime.isDryRun()) return pulumi.output(pulumi.unknown) as pulumi.Output<string>;
  return pulumi
    .all(after.map((resource) => resource.id))
    .apply(() => failingInStackKeys(ask(connection, repository)));
}

async function ask(connection: Connection, repository: GitRepository): Promise<string> {
  const deadline = new Deadline(gitDeadlineSeconds);
  const script = { text: hostScript(), scope: `${pulumi.getProject()}.${pulumi.getStack()}` };
  const commit = await overSession(connection, deadline, (session) =>
    askCommit(session, connection, script, repository, deadline),
  );
  if (commit !== undefined) return commit;
  throw new HostError(
    "git",
    `The source's commit can't be found: the host has no git, or no user ${repository.user}, though both were installed.`,
  );
}
