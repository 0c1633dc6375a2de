import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../../host/ssh/connection";
import { HostError } from "../../host/ssh/error";
import { hostObstacles, refuse } from "../obstacles";
import { examine, type PreflightOptions } from "./examine";
import { notices } from "./notices";
import type { HostFacts } from "../../host/facts";
import { hostScript } from "../../host/script/hostScript";

/**
 * Asks the host, over one connection and while the program runs, whether it can be deployed to and
 * what state it is in; logs what its owner should know.
 *
 * A program that leaves it out, and gives its `Host` no facts, learns what is wrong from the first command
 * that fails; what was changed by hand on the host it neither shows nor repairs.
 *
 * @returns what was found; undefined in a preview of a host that can't be reached
 * @throws {@link HostError} for what must be mended first
 * @throws {@link ObstacleError} in an `up`, for what the host names as in the way; a preview warns
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
  let facts: HostFacts;
  try {
    facts = await examine(connection, script, options);
  } catch (error) {
    if (!isPreview || !(error instanceof HostError) || error.kind !== "unreachable") throw error;
    void pulumi.log.warn(`${error.message} Nothing on it was compared with this preview.`);
    return undefined;
  }
  refuse(hostObstacles(facts));
  if (isPreview) {
    for (const notice of notices(connection, facts)) void pulumi.log.warn(notice);
  }
  return facts;
}
