import type { Command } from "commander";
import type { Connection } from "../../host/ssh/connection";
import { Deadline } from "../../host/ssh/deadline";
import { HostError, hostReason } from "../../host/ssh/error";
import { execAsRoot } from "../../host/ssh/execAsRoot";
import type { Session } from "../../host/ssh/session";
import { count } from "./count";
import { onHost, openSite } from "./site";
import { addVerb, type StackOption } from "./verb";

/** `audit`: what this program has changed on the host, and when. */

/** One line of the audit log. */
export interface AuditEntry {
  /** When, in UTC, by ISO 8601. */
  readonly time: string;
  /** `PROJECT.STACK`. */
  readonly scope: string;
  readonly resource: string;
  /**
   * `intended`: the program changed; `corrective`: the host had drifted; `operated`: an administrator
   * started or stopped something, or copied data.
   */
  readonly kind: string;
  readonly change: string;
}

interface Options extends StackOption {
  readonly all?: boolean;
  readonly json?: boolean;
  readonly lines: number;
}

/** The host keeps no more. */
const keptLines = 5000;

export function addAudit(program: Command): void {
  addVerb(program, "audit", {
    does: "show what this program has changed on the host, and when",
    examples: ["", "--lines 200", "--all --json"],
  })
    .option("--lines <count>", "how many of the last changes", count, 20)
    .option("--all", "also those of other stacks on the same host")
    .option("--json", "print them as JSON")
    .action(audit);
}

async function audit({ stack, all, json, lines }: Options): Promise<void> {
  const site = await openSite(stack);
  const text = await onHost(site, (session) => readAuditLog(session, site.connection));
  const entries = parseAudit(text).filter(({ scope }) => all === true || scope === site.scope);
  const last = entries.slice(Math.max(0, entries.length - lines));
  if (json === true) console.log(JSON.stringify(last));
  else {
    for (const { time, scope, resource, kind, change } of last) {
      console.log(`${time}  ${all === true ? `${scope}/` : ""}${resource}  ${kind}  ${change}`);
    }
    if (last.length === 0) {
      const whom = all === true ? "" : " for this stack";
      console.error(`This program has changed nothing on the host${whom} so far.`);
    }
  }
}

/** Text of the log; nothing where there is none yet. @throws HostError where it can't be read */
export async function readAuditLog(session: Session, connection: Connection): Promise<string> {
  const log = "/var/lib/tracks/audit.log";
  const command = ["sh", "-c", `[ ! -e "$0" ] || exec tail -n "$1" "$0"`, log, String(keptLines)];
  const { exitCode, stdout, stderr } = await execAsRoot(
    session,
    connection,
    command,
    "",
    new Deadline(30),
  );
  if (exitCode === 0) return stdout;
  throw new HostError("script", {
    subject: `The audit log on ${connection.address} can't be read`,
    reason: hostReason(stderr),
  });
}

/** Reads the log's lines; what is none of them is left out. */
export function parseAudit(text: string): AuditEntry[] {
  return [...text.matchAll(/^(\S+Z) ([^/\s]+)\/(\S*) (\S+) (.*)$/gm)].map(
    ([, time = "", scope = "", resource = "", kind = "", change = ""]) => ({
      ...{ time, scope, resource, kind, change },
    }),
  );
}
