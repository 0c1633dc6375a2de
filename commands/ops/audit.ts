import type { Command } from "commander";
import { type Connection, privilege } from "../../host/ssh/connection";
import { Deadline } from "../../host/ssh/deadline";
import type { Session } from "../../host/ssh/session";
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
   * started or stopped something.
   */
  readonly kind: string;
  readonly change: string;
}

interface Options extends StackOption {
  readonly all?: boolean;
  readonly json?: boolean;
  readonly lines: string;
}

/** The host keeps no more. */
const keptLines = 5000;

export function addAudit(program: Command): void {
  addVerb(program, "audit", {
    does: "show what this program has changed on the host, and when",
    examples: ["", "--lines 200", "--all --json"],
  })
    .option("--lines <count>", "how many of the last changes", "20")
    .option("--all", "also those of other stacks on the same host")
    .option("--json", "print them as JSON")
    .action(audit);
}

async function audit({ stack, all, json, lines }: Options): Promise<void> {
  const site = await openSite(stack);
  const text = await onHost(site, (session) => readAuditLog(session, site.connection));
  const entries = parseAudit(text).filter(({ scope }) => all === true || scope === site.scope);
  const last = entries.slice(-Number(lines));
  if (json === true) console.log(JSON.stringify(last));
  else {
    for (const { time, scope, resource, kind, change } of last) {
      console.log(`${time}  ${all === true ? `${scope}/` : ""}${resource}  ${kind}  ${change}`);
    }
    if (last.length === 0) console.error("This program has changed nothing on the host so far.");
  }
}

async function readAuditLog(session: Session, connection: Connection): Promise<string> {
  const { prefix, firstLine } = privilege(connection);
  const { stdout } = await session.exec(
    [...prefix, "tail", "-n", String(keptLines), "/var/lib/tracks/audit.log"],
    firstLine === undefined ? "" : `${firstLine.reveal()}\n`,
    new Deadline(30),
  );
  return stdout;
}

/** Reads the log's lines; what is none of them is left out. */
export function parseAudit(text: string): AuditEntry[] {
  return [...text.matchAll(/^(\S+Z) ([^/\s]+)\/(\S*) (\S+) (.*)$/gm)].map(
    ([, time = "", scope = "", resource = "", kind = "", change = ""]) => ({
      ...{ time, scope, resource, kind, change },
    }),
  );
}
