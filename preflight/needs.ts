import type { HostFacts } from "../host/facts";
import { errorOf, type Problem } from "../host/problem";
import { refusal, refuse } from "./refuse";

/** What an application needs on its host before anything changes there. */
export interface HostNeeds {
  /** Addresses for uWSGI to listen on, by setting, such as `tracks:uwsgiSocket` to `127.0.0.1:8001`. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Path of the Python for virtualenvs. */
  readonly interpreter: string;
  /** Whether to load the data of a former site from a dump. */
  readonly loadsDump: boolean;
}

/**
 * Compares the needs of the application with the state of the host.
 *
 * @param facts undefined when the host could not be reached: then there is nothing to compare
 * @throws {@link ProblemError} in an `up`; a preview warns
 */
export function checkNeeds(needs: HostNeeds, facts: HostFacts | undefined): void {
  if (facts !== undefined) refuse(unmetNeeds(needs, facts));
}

/**
 * Refuses an application on a host without systemd, in a preview too: nothing there would start the
 * application's unit, and a former init script would be gone.
 *
 * @throws {@link ProblemError}
 */
export function checkInitSystem(sourceSetting: string, host: HostFacts | undefined): void {
  if (host?.facts.get("init") !== "sysv") return;
  throw refusal([
    errorOf({
      subject: "The application's service uwsgi needs systemd",
      found: `SysV init or Upstart, on ${host.distribution}`,
      allowed: "a host with systemd: Enterprise Linux 7 to 10",
      fix: [
        "pulumi config set tracks:host ADDRESS   (of a host with systemd)",
        `or pulumi config rm ${sourceSetting}   (deploys the site without the application)`,
      ],
    }),
  ]);
}

/** Whether a service `uwsgi` runs that this stack did not create, and would replace. */
export function formerServiceRuns({ facts }: HostFacts): boolean {
  return facts.get("uwsgi-service") === "running";
}

/** Every need of the application that the host does not meet. */
export function unmetNeeds(needs: HostNeeds, facts: HostFacts): Problem[] {
  return [
    ...takenAddresses(needs, facts),
    ...unloadedDump(needs, facts),
    ...missingInterpreter(needs, facts),
  ];
}

/**
 * A former site that still runs while its data wait in a dump: ours would replace it before the data are
 * loaded, and show visitors an empty site.
 */
function unloadedDump({ loadsDump }: HostNeeds, facts: HostFacts): Problem[] {
  const wasLoaded = [...facts.resources.values()].some(
    ({ manifest }) => manifest?.includes("subsystem data-migration") === true,
  );
  if (!loadsDump || wasLoaded || !formerServiceRuns(facts)) return [];
  return [
    errorOf({
      subject: "tracks:migrationDump",
      given: "a dump that is not loaded yet",
      found: "the former site's service uwsgi, which still runs",
      allowed: "a former site that is stopped before its dump is loaded",
      fix: [
        "service uwsgi stop   (on the host, as root; write the dump again if visitors changed data since)",
        "or pulumi config rm tracks:migrationDump   (the site goes on with the database that it has)",
      ],
      reason:
        "The new site would start with an empty database, and lose what visitors wrote after the dump.",
    }),
  ];
}

/** Other processes than the service `uwsgi`, which ours replaces, that listen on our addresses. */
function takenAddresses({ addresses }: HostNeeds, { facts }: HostFacts): Problem[] {
  const listeners = new Map<string, string[]>();
  for (const [setting, address] of Object.entries(addresses)) {
    const listener = facts.get(`listener/${address}`);
    if (listener === undefined) continue;
    listeners.set(listener, [...(listeners.get(listener) ?? []), setting]);
  }
  return [...listeners].map(([listener, settings]) => {
    const [, pid = "", service = "-", command = ""] = /^(\d+) (\S+) ?(.*)$/.exec(listener) ?? [];
    const others = settings.map(
      (setting) => `pulumi config set ${setting} ${anotherPort(addresses[setting] ?? "")}`,
    );
    return errorOf({
      subject: settings.join(", "),
      given: settings.map((setting) => addresses[setting]).join(", "),
      found: `process ${pid} (${command}) listens there; ${ownerOf(service)}`,
      allowed: "an address that no other process uses",
      fix: [
        `${end(service, pid)}   (on the host, as root)`,
        ...others.map((command, index) => (index === 0 ? `or ${command}` : `   ${command}`)),
      ],
    });
  });
}

function ownerOf(service: string): string {
  if (service === "-") return "it was started by hand or by a job, not as the service uwsgi";
  if (service === "container") return "it runs in a container of this host";
  return service === "socket"
    ? "it is systemd itself, for a socket unit"
    : `it belongs to the service ${service}`;
}

function end(service: string, pid: string): string {
  if (service === "-") return `kill -INT ${pid}; remove what starts it at boot`;
  if (service === "container") return "stop its container: machinectl, podman ps, docker ps";
  return service === "socket"
    ? "systemctl list-sockets; systemctl disable --now UNIT"
    : `systemctl disable --now ${service}`;
}

/** The next port, such as 8002 for 8001, within the range that the schema allows. */
function anotherPort(address: string): string {
  const [host = "", port = ""] = address.split(":");
  return `${host}:${Number(port) === 65_535 ? 65_534 : Number(port) + 1}`;
}

/** An interpreter that is not on the host, and that no package provides. */
function missingInterpreter({ interpreter }: HostNeeds, { facts }: HostFacts): Problem[] {
  if (facts.get("interpreter") !== "absent" || interpreter.startsWith("/usr/bin/")) return [];
  return [
    errorOf({
      subject: "tracks:pythonInterpreter",
      given: interpreter,
      found: "no such program on the host",
      allowed: "a Python on the host, or one in /usr/bin, which a package provides",
      fix: ["install it on the host by hand", "or pulumi config rm tracks:pythonInterpreter"],
    }),
  ];
}
