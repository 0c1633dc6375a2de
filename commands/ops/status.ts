import type { Command } from "commander";
import { applicationPaths } from "../../components/django/paths";
import { type HostFacts, parseReport } from "../../host/facts";
import { problemList } from "../../host/problem";
import { verbAnswer } from "../../host/script/verb";
import { Deadline } from "../../host/ssh/deadline";
import { inStackKeys } from "../../settings/argumentKeys";
import { exitCodes } from "./exitCodes";
import { onHost, openSite, type Site } from "./site";
import { siteProblems } from "./siteProblems";
import type { ServiceStatus, SiteStatus } from "./siteStatus";
import { table } from "./table";
import { addVerb, type StackOption } from "./verb";

/** `status`: whether the site is fine, and what is not. */

const deadlineSeconds = 120;

export function addStatus(program: Command): void {
  addVerb(program, "status", {
    does: "tell whether the site is fine: services, workers, release, disk, drift",
    examples: ["", "--stack production", "--json"],
    notes: "Ends with 3 where something is not as it should be. Reads only.",
  })
    .option("--json", "print everything as JSON")
    .action(status);
}

async function status(options: StackOption & { readonly json?: boolean }): Promise<void> {
  const site = await openSite(options.stack);
  const found = await siteStatus(site);
  if (options.json === true) console.log(JSON.stringify(found, undefined, 2));
  else console.log(describeStatus(site, found, Date.now()));
  if (!found.isFine) process.exitCode = exitCodes.notWell;
}

/** Asks the host how the site is. @throws HostError where the host gives no answer */
export async function siteStatus(site: Site): Promise<SiteStatus> {
  const answer = await onHost(site, (session) =>
    verbAnswer(
      `${site.connection.address} does not say how it is`,
      session,
      site.connection,
      { scope: site.scope, words: ["status", ...questions(site)] },
      new Deadline(deadlineSeconds),
    ),
  );
  return readStatus(site, parseReport("", inStackKeys(answer)));
}

/** What the host script's `status` is asked. */
function questions({ configuration }: Site): string[] {
  const { application, site } = configuration;
  const paths = [site.siteRoot, "/var/log", "/var/lib"].map((path) => `path=${path}`);
  if (application === undefined) {
    return [`site=${site.serverNames[0] ?? "localhost"},${site.listenPort},/`, ...paths];
  }
  const { app, healthPath, port, proofHost, siteRoot } = application.django;
  return [
    `site=${proofHost},${port},${healthPath}`,
    `current=${applicationPaths(siteRoot, app).current}`,
    `stats=${application.uwsgi.stats}`,
    ...paths,
  ];
}

/** Reads what the host said. */
export function readStatus(
  site: Pick<Site, "stack" | "configuration">,
  { facts, resources }: HostFacts,
): SiteStatus {
  const names = site.configuration.application === undefined ? ["nginx"] : ["uwsgi", "nginx"];
  const services = names.map((name) => serviceStatus(name, facts));
  const [release, since] = facts.get("release")?.split(" ") ?? [];
  const disks = valuesOf(facts, "disk/").map(([mount, text]) => {
    const [percent, kilobytes] = text.split(" ").map(Number);
    return {
      mount,
      usedPercent: percent ?? 0,
      availableMegabytes: Math.floor((kilobytes ?? 0) / 1024),
    };
  });
  const drift = driftIn({ resources });
  const workers = Object.fromEntries(
    (facts.get("workers") ?? "")
      .split(" ")
      .filter((pair) => /=\d+$/.test(pair))
      .map((pair) => pair.split("=") as [string, string])
      .map(([state, count]) => [state, Number(count)]),
  );
  const found = {
    services,
    workers,
    release:
      release === undefined
        ? undefined
        : { name: release, since: new Date(Number(since) * 1000).toISOString() },
    disks,
    changing: valuesOf(facts, "changing/").map(([subsystem, by]) => ({ subsystem, by })),
    interrupted: valuesOf(facts, "interrupted/").map(([subsystem, resource]) => ({
      subsystem,
      resource,
    })),
    drift,
  };
  const problems = siteProblems(site, facts, found);
  return { isFine: problems.length === 0, problems, ...found };
}

/** What the host has otherwise than it was applied. */
export function driftIn({ resources }: Pick<HostFacts, "resources">): SiteStatus["drift"] {
  return [...resources]
    .filter(([, { drift: differences }]) => differences.length > 0)
    .map(([resource, { drift: differences }]) => ({ resource, differences }));
}

function serviceStatus(name: string, facts: ReadonlyMap<string, string>): ServiceStatus {
  const [enabled, running] = (facts.get(`service/${name}`) ?? "absent stopped").split(" ");
  const [pid, seconds, workers] = facts.get(`process/${name}`)?.split(" ").map(Number) ?? [];
  return {
    name,
    isRunning: running === "running",
    startsAtBoot: enabled === "enabled",
    pid,
    seconds,
    workers,
  };
}

function valuesOf(facts: ReadonlyMap<string, string>, prefix: string): [string, string][] {
  return [...facts]
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, value]) => [name.slice(prefix.length), value]);
}

/** The state for a person; its last line is the verdict. @param now milliseconds since 1970 */
export function describeStatus(
  { stack, connection, configuration }: Pick<Site, "stack" | "connection" | "configuration">,
  { services, workers, release, disks, changing, problems, isFine }: SiteStatus,
  now: number,
): string {
  const [name = connection.address] = configuration.site.serverNames;
  const states = Object.entries(workers).map(([state, count]) => `${count} ${state}`);
  const rows = [
    ["stack", `${stack}, host ${connection.address}`],
    ...services.map((service) => [service.name, describeService(service)]),
    ...(states.length > 0 ? [["workers", states.join(", ")]] : []),
    ...(release === undefined
      ? []
      : [
          [
            "release",
            `${release.name}, since ${release.since} (${duration(now - Date.parse(release.since))})`,
          ],
        ]),
    ...disks.map(({ mount, usedPercent, availableMegabytes }) => [
      "disk",
      `${mount}: ${usedPercent} % used, ${availableMegabytes} MB left`,
    ]),
    ...changing.map(({ subsystem, by }) => ["changing", `${subsystem}: ${by}`]),
  ];
  const meanwhile =
    changing.length === 0 ? "" : " while a run changes it; ask again when that has ended";
  const verdict = isFine
    ? `The site ${name} is fine.`
    : problemList(`The site ${name} is not fine${meanwhile}`, problems);
  return [table(rows), "", verdict].join("\n");
}

function describeService({ isRunning, pid, seconds, workers }: ServiceStatus): string {
  if (!isRunning) return "stopped";
  if (pid === undefined) return "runs";
  return `runs as ${pid} for ${duration((seconds ?? 0) * 1000)}, ${workers ?? 0} workers`;
}

/** A time in words of one or two units, such as `3 h 20 min`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [minutes, hours, days] = [seconds / 60, seconds / 3600, seconds / 86_400].map(Math.floor);
  if (days) return `${days} d ${(hours ?? 0) % 24} h`;
  if (hours) return `${hours} h ${(minutes ?? 0) % 60} min`;
  if (minutes) return `${minutes} min`;
  return `${seconds} s`;
}
