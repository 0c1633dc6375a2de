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
  try {
    const site = await openSite(stack);
    process.exitCode = await onHost(site, async (session) => {
      const terminal = ownTerminal();
      return attach(await start(site, session, terminal), terminal);
    });
  } catch (error) {
    tellFailure(error);
    process.exitCode = exitCodes.unreached;
  }
}
