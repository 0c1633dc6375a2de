import * as pulumi from "@pulumi/pulumi";
import type { HostFacts } from "../host/facts";
import { UserError } from "../host/userError";

/** What the host has or lacks keeps the application from being deployed as it is configured. */
export class ObstacleError extends UserError {
  constructor(obstacles: readonly string[]) {
    super("ObstacleError", ["The host was not touched.", ...obstacles].join("\n"));
  }
}

/** What an application needs of its host before anything is done to it. */
export interface HostNeeds {
  /** Where uWSGI shall listen: setting to address, as `tracks:uwsgiSocket` to `127.0.0.1:8001`. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Path of the Python that virtualenvs are made from. */
  readonly interpreter: string;
  /** Shall the data of a former site be loaded from a dump? */
  readonly loadsDump: boolean;
}

/**
 * Compares what the application needs with what the preflight found.
 *
 * A preview names what stands in the way; `up` is refused, before any resource is registered.
 *
 * @param facts undefined when the host could not be asked: then nothing is known
 * @throws {@link ObstacleError} in an `up`
 */
export function checkObstacles(needs: HostNeeds, facts: HostFacts | undefined): void {
  if (facts !== undefined) refuse(obstacles(needs, facts));
}

/** What the host itself names as in the way of whatever is configured, each with its fix. */
export function hostObstacles({ facts }: HostFacts): string[] {
  return [...facts].filter(([name]) => name.startsWith("obstacle/")).map(([, text]) => text);
}

/**
 * Refuses an `up` that something stands in the way of, and names it in a preview.
 *
 * @throws {@link ObstacleError} in an `up`
 */
export function refuse(found: readonly string[]): void {
  if (found.length === 0) return;
  if (!pulumi.runtime.isDryRun()) throw new ObstacleError(found);
  for (const obstacle of found) void pulumi.log.warn(`up will be refused: ${obstacle}`);
}

/**
 * Refuses an application on a host without systemd, in a preview too: its service is a unit, which
 * nothing would start there, and a former init script would be gone.
 *
 * @throws {@link ObstacleError}
 */
export function checkInitSystem(sourceSetting: string, host: HostFacts | undefined): void {
  if (host?.facts.get("init") !== "sysv") return;
  throw new ObstacleError([
    `The host (${host.distribution}) does not run systemd, and the application's service uwsgi is made for systemd only: on a host with SysV init or Upstart nothing would start it. Point the stack to a host with systemd (Enterprise Linux 7 to 10): pulumi config set tracks:host ADDRESS. Or deploy the site without the application: pulumi config rm ${sourceSetting}`,
  ]);
}

/** Does a service `uwsgi` run that somebody else made, and whose place ours would take? */
export function formerServiceRuns({ facts }: HostFacts): boolean {
  return facts.get("uwsgi-service") === "running";
}

/** Everything that stands in the way, each with its mend. */
export function obstacles(needs: HostNeeds, facts: HostFacts): string[] {
  return [
    ...listenerObstacles(needs, facts),
    ...formerDataObstacles(needs, facts),
    ...interpreterObstacles(needs, facts),
  ];
}

/**
 * A former site that still runs, and whose data come from a dump: ours would take its place before they
 * are loaded, and show visitors an empty site.
 */
function formerDataObstacles({ loadsDump }: HostNeeds, facts: HostFacts): string[] {
  const wasLoaded = [...facts.resources.values()].some(
    ({ manifest }) => manifest?.includes("subsystem data-migration") === true,
  );
  if (!loadsDump || wasLoaded || !formerServiceRuns(facts)) return [];
  return [
    "the host's service uwsgi runs, and tracks:migrationDump is not loaded yet: ours would take its place with an empty database, and what visitors write to it after its dump was written would be lost. Stop it first, on the host as root: service uwsgi stop (then write the dump, if anybody wrote to the site since). Or, where the site shall go on with the database that it has, load none: pulumi config rm tracks:migrationDump",
  ];
}

/** Processes that are no service `uwsgi`, whose place ours would take, and listen where it shall. */
function listenerObstacles({ addresses }: HostNeeds, { facts }: HostFacts): string[] {
  const listeners = new Map<string, string[]>();
  for (const [setting, address] of Object.entries(addresses)) {
    const listener = facts.get(`listener/${address}`);
    if (listener === undefined) continue;
    listeners.set(listener, [...(listeners.get(listener) ?? []), setting]);
  }
  return [...listeners].map(([listener, settings]) => {
    const [, pid = "", service = "-", command = ""] = /^(\d+) (\S+) ?(.*)$/.exec(listener) ?? [];
    const taken = settings
      .map((setting) => `${addresses[setting] ?? ""} (${setting})`)
      .join(" and ");
    const others = settings
      .map((setting) => `pulumi config set ${setting} ${anotherPort(addresses[setting] ?? "")}`)
      .join(" && ");
    return `${taken} ${settings.length > 1 ? "are" : "is"} taken by process ${pid} (${command}), ${whose(service)}. End it, on the host as root: ${end(service, pid)}. Or let it be, and choose another port: ${others}`;
  });
}

function whose(service: string): string {
  if (service === "-") return "which was started by hand or by a job, not as the service uwsgi";
  if (service === "container") return "which runs in a container of this host";
  return service === "socket"
    ? "which is systemd itself, on behalf of a socket unit"
    : `which belongs to the service ${service}`;
}

function end(service: string, pid: string): string {
  if (service === "-") return `kill -INT ${pid} (and take away what starts it at boot)`;
  if (service === "container") return "stop its container (machinectl, podman ps, docker ps)";
  return service === "socket"
    ? "systemctl list-sockets (names the unit), then systemctl disable --now UNIT"
    : `systemctl disable --now ${service}`;
}

/** 8001 becomes 8002: one that the schema allows, as near as can be. */
function anotherPort(address: string): string {
  const [host = "", port = ""] = address.split(":");
  return `${host}:${Number(port) === 65_535 ? 65_534 : Number(port) + 1}`;
}

/** An interpreter that is not there, and that no package brings. */
function interpreterObstacles({ interpreter }: HostNeeds, { facts }: HostFacts): string[] {
  if (facts.get("interpreter") !== "absent" || interpreter.startsWith("/usr/bin/")) return [];
  return [
    `tracks:pythonInterpreter is ${interpreter}, which is not on the host: it comes from no package there, so install it by hand first`,
  ];
}
