import { setTimeout as sleep } from "node:timers/promises";
import type { Deployment } from "./deployment";

const record = "/run/command-lines";

/** Writes down the arguments of every process on the host, many times a second, while it watches. */
export class CommandLines {
  private constructor(private readonly deployment: Deployment) {}

  static async watch(deployment: Deployment): Promise<CommandLines> {
    // Shell builtins only in the loop, so that the sampler sees more than its own processes; the
    // pause between two looks is as long as a look, and leaves the deployment half a core more.
    const loop =
      "exec 9<> <(:); while [ ! -e /run/command-lines.stop ]; do read -rt 0.005 -u 9; for f in /proc/[0-9]*/cmdline; do " +
      `{ IFS= read -r -d "" a; printf "%s" "$a"; while IFS= read -r -d "" a; do printf " %s" "$a"; done; echo; } <"$f"; ` +
      `done 2>/dev/null >>${record}; done`;
    await deployment.onHost(
      `rm -f ${record}*; (umask 077; setsid bash -c '${loop}' >/dev/null 2>&1 </dev/null &)`,
    );
    return new CommandLines(deployment);
  }

  async stop(): Promise<void> {
    await this.deployment.onHost(`touch ${record}.stop`);
    await sleep(200);
  }

  /** Every different command line that was seen. */
  async seen(): Promise<string> {
    return this.deployment.onHost(`sort -u ${record}`);
  }
}
