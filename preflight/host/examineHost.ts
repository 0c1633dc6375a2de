import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../../host/ssh/connection";
import { HostError } from "../../host/ssh/error";
import { ofSeverity, type Problem, warningOf } from "../../host/problem";
import { refuse, warn } from "../refuse";
import { examine, type PreflightOptions } from "./examine";
import { refuseOutsidePreview } from "./previewLogin";
import { staleLogins } from "./staleLogins";
import { type HostFacts, installedScriptFact } from "../../host/facts";
import { hostScript, hostScriptDigest } from "../../host/script/hostScript";

/**
 * Looks at the host, over one connection and while the program runs: whether a deployment is possible, and
 * in which state the host is. It logs what the host's owner should know.
 *
 * A program without it, whose `Host` has no facts, meets a problem at the first command that fails, and
 * neither shows nor repairs what somebody changed by hand on the host.
 *
 * @returns the state of the host; undefined in a preview of a host that can't be reached
 * @throws {@link HostError} for a problem that you must fix first
 * @throws {@link ProblemError} in an `up`, for what `up` would break on the host; a preview warns of it
 * @example
 * ```ts
 * const facts = await examineHost(connection, {
 *   survey: {
 *     listenPort: 80,
 *     defaultServer: true,
 *     serverNames: ["docs.example.org"],
 *     paths: ["/etc/nginx/sites-available/docs"],
 *   },
 * });
 * const host = new Host("host", { connection, facts });
 * ```
 */
export async function examineHost(
  connection: Connection,
  options: PreflightOptions,
): Promise<HostFacts | undefined> {
  const script = { text: hostScript(), scope: `${pulumi.getProject()}.${pulumi.getStack()}` };
  const isPreview = pulumi.runtime.isDryRun();
  if (options.previewUser !== undefined && !isPreview) refuseOutsidePreview(options.previewUser);
  let facts: HostFacts;
  try {
    facts = await examine(connection, script, options);
  } catch (error) {
    if (!isPreview || !(error instanceof HostError) || error.kind !== "unreachable") throw error;
    void pulumi.log.warn(`This preview knows nothing of the host:\n${error.message}`);
    return undefined;
  }
  refuse(ofSeverity("error", facts.problems));
  if (isPreview) {
    warn([
      ...ofSeverity("warning", facts.problems),
      ...staleLogins(connection, facts),
      ...unknowns(facts, options),
    ]);
  }
  return facts;
}

/** What a login that may only look did not find out. */
function unknowns(
  { facts, commit }: HostFacts,
  { previewUser = "", git }: PreflightOptions,
): Problem[] {
  const problems: Problem[] = [];
  if (previewUser !== "" && facts.get(installedScriptFact) !== hostScriptDigest()) {
    problems.push(
      warningOf({
        subject: "The host's script is of another version than this program",
        given: `TRACKS_PREVIEW_USER, ${previewUser}: this login runs the host's own script`,
        fix: ["pulumi up   (with the stack's own login: installs this version's script)"],
        reason: "The host's state is as that version sees it.",
      }),
    );
  }
  if (previewUser !== "" && git !== undefined && commit === undefined) {
    problems.push(
      warningOf({
        subject: "This preview does not know the commit of DjangoApp.source.ref",
        given: `${git.ref}, and TRACKS_PREVIEW_USER`,
        fix: ["set DjangoApp.source.ref to COMMIT   (its full name)"],
        reason: `${previewUser} may not ask the git server. A plan of this preview holds for any commit.`,
      }),
    );
  }
  return problems;
}
