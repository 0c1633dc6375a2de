import type { RemoteProcess, Terminal } from "../../host/ssh/process";
import type { Session } from "../../host/ssh/session";
import { tellFailure } from "../failure";
import { exitCodes } from "./exitCodes";
import { onHost, openSite, type Site } from "./site";
import { attach, ownTerminal } from "./terminal";

/** Starts what a person wants to use on the host. */
export type Start = (
  site: Site,
  session: Session,
  terminal: Terminal | undefined,
) => Promise<RemoteProcess>;

/** Runs a program on the host in this process's place: its streams, its terminal, its exit code. */
export async function passThrough(stack: string | undefined, start: Start): Promise<void> {
  await endLike(stack, async (site, session) => {
    const terminal = ownTerminal();
    return attach(await start(site, session, terminal), terminal);
  });
}

/**
 * Has this process end as a program on the host does.
 *
 * @param use runs it; resolves with its exit code
 */
export async function endLike(
  stack: string | undefined,
  use: (site: Site, session: Session) => Promise<number>,
): Promise<void> {
  try {
    const site = await openSite(stack);
    process.exitCode = await onHost(site, (session) => use(site, session));
  } catch (error) {
    tellFailure(error);
    process.exitCode = exitCodes.unreached;
  }
}
