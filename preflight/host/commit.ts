import type { Connection } from "../../host/ssh/connection";
import type { Deadline } from "../../host/ssh/deadline";
import { HostError, hostReason } from "../../host/ssh/error";
import { execAsRoot } from "../../host/ssh/execAsRoot";
import { renderManifest } from "../../host/manifest/manifest";
import type { GitRepository } from "../../components/args/DjangoApp";
import { gitKeys } from "../../components/django/git";
import type { Session } from "../../host/ssh/session";
import type { HostScript } from "./survey";

/** Seconds that the git server may take. */
export const gitDeadlineSeconds = 75;

/** Whether a ref is the full name of a commit, which no server need be asked for. */
export function isCommit(ref: string): boolean {
  return /^[0-9a-f]{40}$/.test(ref);
}

/**
 * Asks the git server, from the host, which commit the ref names now.
 *
 * @returns undefined while the host has no git or no such user
 * @throws {@link HostError} for an unknown ref, another host key, a refused key, a server that gives no answer
 */
export async function askCommit(
  session: Session,
  connection: Connection,
  { text, scope }: HostScript,
  repository: GitRepository,
  deadline: Deadline,
): Promise<string | undefined> {
  const keys = renderManifest(
    {
      name: "git",
      subsystem: "source",
      entries: gitKeys({ ...repository, deployKey: repository.deployKey?.reveal() }),
    },
    "preflight",
  );
  // The keys come first, then the script. A pipe passes them on: no argument and no file has them.
  const command = [
    "keys=",
    `while IFS= read -r line; do case $line in "#!"*) break ;; esac; keys+=$line$'\\n'; done`,
    `script=$(printf "%s\\n" "$line"; cat)`,
    `bash -s -- --scope "$0" resolve "$@" 3< <(printf "%s" "$keys") <<<"$script"`,
  ].join("; ");
  const words = [
    scope,
    `user=${repository.user}`,
    `url=${repository.url}`,
    `ref=${repository.ref}`,
  ];
  const { exitCode, stdout, stderr } = await execAsRoot(
    session,
    connection,
    ["bash", "-c", command, ...words],
    keys + text,
    deadline,
  );
  const answer = /^fact commit (\S+)$/m.exec(stdout)?.[1];
  if (exitCode !== 0 || answer === undefined) {
    throw new HostError("git", {
      subject: "The commit of the source can't be found",
      reason: hostReason(stderr),
    });
  }
  return answer === "unknown" ? undefined : answer;
}
