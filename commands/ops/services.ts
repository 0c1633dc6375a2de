import { createInterface } from "node:readline";
import { Argument, type Command } from "commander";
import { problemError } from "../../host/ProblemError";
import { startVerb } from "../../host/script/verb";
import { Deadline } from "../../host/ssh/deadline";
import { HostError } from "../../host/ssh/error";
import type { Session } from "../../host/ssh/session";
import { inStackKeys } from "../../settings/argumentKeys";
import { confirm } from "./confirm";
import { commandFor, onHost, openSite, type Site } from "./site";
import { addVerb, type StackOption } from "./verb";
import { verbOutput } from "./verbOutput";

/** `restart`, `reload`, `stop` and `start`: what the notes do with `/sbin/service`. */

type Action = "start" | "stop" | "restart" | "reload";
type Service = "uwsgi" | "nginx";

/** One thing that happened to a service on the host. */
export interface ServiceEvent {
  readonly what: "started" | "stopped" | "restarted" | "reloaded" | "unchanged";
  readonly service: Service;
  /** Processes that run now; of `unchanged`, the state that it was in already. */
  readonly detail: string;
}

interface Options extends StackOption {
  readonly json?: boolean;
  readonly yes?: boolean;
}

/** Seconds that a deployment under way is waited for. */
const waitSeconds = 120;

/** Seconds that a service may take: uWSGI loads the application, however slow the host. */
const serviceSeconds = 600;

export function addServices(program: Command): void {
  const order = "uwsgi first, then nginx";
  addServiceVerb(program, "restart", {
    does: `stop and start the services, ${order}, and prove that they answer`,
    examples: ["", "nginx", "--stack production", "--json"],
    notes:
      "With both, requests are refused for some seconds; `restart uwsgi` alone lets them wait instead. To load\nchanged code, `pulumi up` reloads and loses none.",
  });
  addServiceVerb(program, "reload", {
    does: "have the services read their configuration again, without losing a request",
    examples: ["", "uwsgi"],
  });
  addServiceVerb(program, "start", {
    does: `start the services, ${order}, and prove that they answer`,
    examples: ["", "nginx"],
  });
  addServiceVerb(program, "stop", {
    does: `stop the services, ${order}`,
    examples: ["", "uwsgi --yes"],
    notes: "A stopped service is drift: the next `pulumi up` starts it.",
  }).option("--yes", "stop without a question");
}

function addServiceVerb(
  program: Command,
  action: Action,
  help: Parameters<typeof addVerb>[2],
): Command {
  return addVerb(program, action, help)
    .addArgument(
      new Argument("[service]", "which").choices(["uwsgi", "nginx", "all"]).default("all"),
    )
    .option("--json", "print what happened as JSON")
    .action((service: Service | "all", options: Options) => operate(action, service, options));
}

async function operate(action: Action, service: Service | "all", options: Options): Promise<void> {
  const site = await openSite(options.stack);
  const services = servicesOf(site, service);
  if (action === "stop" && !(await confirm(consequences(site, services), options))) return;
  const events: ServiceEvent[] = [];
  const tell = (event: ServiceEvent): void => {
    events.push(event);
    if (options.json !== true) console.log(describe(event));
  };
  try {
    await onHost(site, (session) => operateThere(session, site, action, services, tell));
  } finally {
    // What was done before something failed is done.
    if (options.json === true) console.log(JSON.stringify(events));
  }
  if (action === "stop") {
    console.error(
      `A stopped service is drift: the next pulumi up starts it, as does ${commandFor(site, "start", service)}`,
    );
  }
}

/**
 * Operates the services. When this process ends while the host still waits for another run, nothing is done.
 *
 * @param tell gets each event when it happens
 * @throws HostError where not everything was done
 */
async function operateThere(
  session: Session,
  { connection, scope }: Site,
  action: Action,
  services: readonly Service[],
  tell: (event: ServiceEvent) => void,
): Promise<void> {
  const words = ["operate", action, ...services];
  const remote = await startVerb(session, connection, { scope, words, waitSeconds });
  const tellAll = async () => {
    const lines = createInterface({ input: remote.stdout, crlfDelay: Infinity });
    for await (const line of lines) parseEvents(line).forEach(tell);
  };
  const subject = `Not everything was done on ${connection.address}`;
  await new Deadline(waitSeconds + serviceSeconds).race(
    verbOutput(remote, tellAll(), subject),
    () => new HostError("unreachable", { subject, reason: "The host stopped answering." }),
  );
}

/** @throws ProblemError for a service that the stack does not have */
function servicesOf({ configuration, stack }: Site, service: Service | "all"): Service[] {
  const all: Service[] = configuration.application === undefined ? ["nginx"] : ["uwsgi", "nginx"];
  if (service === "all") return all;
  if (all.includes(service)) return [service];
  throw problemError({
    subject: `The stack ${stack} has no service ${service}`,
    found: "no application: a static page",
  });
}

function consequences({ connection, configuration }: Site, services: readonly Service[]) {
  const names = configuration.site.serverNames.join(", ");
  const visitors = services.includes("nginx")
    ? `visitors of ${names} are refused`
    : `visitors of ${names} get an error for every page, and static files still`;
  return {
    does: `This stops ${services.join(" and ")} on ${connection.address}: ${visitors}.`,
    undo: "It can be undone by `start`, and the next `pulumi up` undoes it: a stopped service is drift.",
  };
}

/** Reads what the host script's `operate` prints. */
export function parseEvents(answer: string): ServiceEvent[] {
  return inStackKeys(answer)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [, what, service, detail = ""] = /^(\S+) (\S+) ?(.*)$/.exec(line) ?? [];
      return { what, service, detail } as ServiceEvent;
    });
}

/** An event for a person. */
export function describe({ what, service, detail }: ServiceEvent): string {
  if (what === "unchanged") {
    return `${service} ${detail === "running" ? "runs" : "is stopped"} already`;
  }
  return `${what} ${service}${detail === "" ? "" : ` (${detail})`}`;
}
