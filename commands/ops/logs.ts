import { createInterface } from "node:readline";
import { styleText } from "node:util";
import { type Command, InvalidArgumentError } from "commander";
import { startVerb } from "../../host/script/verb";
import { HostError, hostReason } from "../../host/ssh/error";
import type { RemoteProcess } from "../../host/ssh/process";
import type { Session } from "../../host/ssh/session";
import { count } from "./count";
import { harmless, type LogLine, markOf, merged, parseSince, timeOf } from "./logLines";
import { onHost, openSite, type Site } from "./site";
import { addVerb, type StackOption } from "./verb";
import { verbOutput } from "./verbOutput";
import { whenLeft } from "./whenLeft";

/** `logs`: the notes' whole set together, as `tail -f` shows it. */

interface Options extends StackOption {
  readonly follow: boolean;
  readonly grep?: RegExp;
  readonly json?: boolean;
  readonly lines: number;
  readonly since?: number;
}

/** Lines of each log that `--since` chooses from. */
const linesForSince = 50_000;

export function addLogs(program: Command): void {
  addVerb(program, "logs", {
    does: "watch the logs of uWSGI, nginx and the site together, each line marked by its log",
    examples: ["", "--since 2h --grep 'error|Traceback'", "--no-follow --lines 50", "--json"],
    notes:
      "Ctrl-C ends it, here and on the host. --since looks at the current files, at most 16 MiB of each; rotated\nones lie beside them on the host.",
  })
    .option(
      "--since <time>",
      "older lines are left out: 90s, 30m, 2h, 1d, or 2026-01-31T12:00Z",
      since,
    )
    .option("--grep <pattern>", "only lines that match this regular expression", pattern)
    .option("--lines <count>", "how many lines of each log come first", count, 10)
    .option("--no-follow", "end behind what is there")
    .option("--json", "print each line as a JSON object: source, time, text")
    .action(logs);
}

async function logs(options: Options): Promise<void> {
  const site = await openSite(options.stack);
  await onHost(site, async (session) => {
    const lines = options.since === undefined ? options.lines : linesForSince;
    const words = [`live=${options.follow ? "yes" : "no"}`, `lines=${lines}`, ...sources(site)];
    const remote = await startVerb(session, site.connection, {
      scope: site.scope,
      words: ["follow", ...words],
    });
    await show(session, remote, options, site.connection.address);
  });
}

/** What the notes watch, as far as the stack has it. */
function sources({ configuration }: Site): string[] {
  const { application, site } = configuration;
  const pids = application === undefined ? ["nginx"] : ["uwsgi", "nginx"];
  return [
    ...pids.map((name) => `pid=${name}`),
    "file=/var/log/nginx/*.log",
    ...(application === undefined ? [] : [`file=${application.uwsgi.log}`]),
    `file=/etc/nginx/logs/domains/${site.site}/log/*.log`,
  ];
}

/**
 * Prints what the host says, until its end or a person's.
 *
 * @throws HostError where the host has not said everything
 */
export async function show(
  session: Pick<Session, "close">,
  remote: Pick<RemoteProcess, "stdin" | "stdout" | "stderr" | "ended">,
  options: Pick<Options, "grep" | "json" | "since">,
  address: string,
): Promise<void> {
  const ending = new AbortController();
  const forget = whenLeft(session, () => {
    ending.abort();
    // Its end is the end of everything on the host.
    remote.stdin.end();
  });
  const subject = `These are not all lines of the logs on ${address}`;
  const printed = print(remote, options, ending.signal);
  try {
    const isWhole = await verbOutput(remote, printed, subject);
    if (!isWhole) throw new HostError("script", { subject, reason: hostReason("") });
  } catch (error) {
    if (!ending.signal.aborted) throw error;
  } finally {
    forget();
  }
}

/**
 * Prints the lines of the past in the order of time, then the others as they come.
 *
 * @returns whether the past was there as a whole
 */
async function print(
  { stdout }: Pick<RemoteProcess, "stdout">,
  options: Pick<Options, "grep" | "json" | "since">,
  ending: AbortSignal,
): Promise<boolean> {
  let zone = "+0000";
  let past: LogLine[] | undefined = [];
  for await (const line of createInterface({ input: stdout, crlfDelay: Infinity })) {
    if (ending.aborted) continue;
    const tab = line.indexOf("\t");
    const [source, text] = [line.slice(0, tab), line.slice(tab + 1)];
    if (source === "zone") zone = text;
    else if (source === "note") console.error(text);
    else if (source === "live") {
      for (const one of merged(past ?? [], options.since)) write(one, options);
      past = undefined;
    } else {
      const one = { source, text, time: source === "pid" ? undefined : timeOf(text, zone) };
      if (source === "pid" || past === undefined) write(one, options);
      else past.push(one);
    }
  }
  return past === undefined || ending.aborted;
}

function write(
  { source, text, time }: LogLine,
  { grep, json }: Pick<Options, "grep" | "json">,
): void {
  const isPid = source === "pid";
  if (!isPid && grep?.test(text) === false) return;
  if (json === true) {
    const at = time === undefined ? undefined : new Date(time).toISOString();
    console.log(JSON.stringify({ source, time: at, text }));
    return;
  }
  const mark = (isPid ? "pid" : markOf(source)).padEnd(markWidth);
  const said = isPid ? text.replace(/^(\S+) gone$/, "$1 has no pid file") : harmless(text);
  console.log(`${process.stdout.isTTY ? styleText(colourOf(source), mark) : mark} ${said}`);
}

const markWidth = 14;

const colours = ["cyan", "green", "yellow", "magenta", "blue"] as const;
const coloured = new Map<string, (typeof colours)[number]>();

function colourOf(source: string): (typeof colours)[number] {
  const colour = coloured.get(source) ?? colours[coloured.size % colours.length] ?? "cyan";
  coloured.set(source, colour);
  return colour;
}

function since(text: string): number {
  const time = parseSince(text, Date.now());
  if (time !== undefined) return time;
  throw new InvalidArgumentError("Give a time ago, such as 90s, 30m, 2h or 1d, or a date.");
}

function pattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}
