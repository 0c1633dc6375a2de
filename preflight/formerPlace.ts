import { applicationPaths } from "../components/django/paths";
import type { HostFacts } from "../host/facts";
import { UserError } from "../host/userError";

/** The site's data would be looked for elsewhere than they are. */
export class FormerPlaceError extends UserError {
  constructor(message: string) {
    super("FormerPlaceError", message);
  }
}

/** Where an application's data lie, and whose they are. */
export interface DataPlace {
  readonly siteRoot: string;
  /** Name of the application. */
  readonly app: string;
  /** Login that the application runs as. */
  readonly user: string;
}

const settings = {
  siteRoot: "tracks:siteRoot",
  app: "tracks:siteName",
  user: "tracks:deployerUser",
};

/**
 * Compares where the application's data shall lie with where this stack last had them on the host.
 *
 * A changed place would get a database, uploads and a secret key of its own, all of them empty or
 * new, and the site would go live without its data.
 *
 * @param facts undefined when the host could not be asked: then nothing is known of a former place
 * @throws {@link FormerPlaceError} with the commands that move the data, until they were moved
 */
export function checkFormerPlace(wanted: DataPlace, facts: HostFacts | undefined): void {
  const former = facts && formerPlace(facts);
  if (facts === undefined || former === undefined) return;
  const changed = (["siteRoot", "app", "user"] as const).filter(
    (part) => former[part] !== wanted[part] && !isDone(part, former, wanted, facts),
  );
  if (changed.length === 0) return;
  const differences = changed.map((part) => `${settings[part]} is "${wanted[part]}"`).join(", ");
  const commands = moveCommands(former, wanted, facts).map((command) => `  ${command}`);
  const back = changed.map((part) => `  pulumi config set ${settings[part]} ${former[part]}`);
  throw new FormerPlaceError(
    [
      `${differences}, but the site's data (database file, uploads, secret key) are in ${sharedOf(former)} and belong to ${former.user}: the site would go live without them. To move them, run on the host as root, then this again:`,
      ...commands,
      "Else put back what they go by:",
      ...back,
    ].join("\n"),
  );
}

/** The place that this stack last applied, from what the host remembers; undefined without a release. */
function formerPlace(facts: HostFacts): DataPlace | undefined {
  const lines = [...facts.resources.values()].flatMap(({ manifest }) => manifest ?? []);
  const release = lines.find((line) => line.startsWith("application "));
  if (release === undefined) return undefined;
  // The key is applied before the release is: after a deployment that failed between, it knows better.
  const key = lines.map((line) => /^secret-key (\S+)\/secret_key owner=(\S+)$/.exec(line));
  const [, shared = attribute(release, "shared"), user = attribute(release, "owner")] =
    key.find((found) => found !== null) ?? [];
  const [, siteRoot, app] = /^(.*)\/shared\/([^/]+)$/.exec(shared ?? "") ?? [];
  if (siteRoot === undefined || app === undefined || user === undefined) return undefined;
  return { siteRoot, app, user };
}

function attribute(line: string, name: string): string | undefined {
  return new RegExp(` ${name}=(\\S+)`).exec(line)?.[1];
}

/** Whether the probe misses the data at their former place, or finds them to be the new owner's. */
function isDone(
  part: keyof DataPlace,
  former: DataPlace,
  wanted: DataPlace,
  { resources }: HostFacts,
): boolean {
  const shared = sharedOf(former);
  const wasMoved = `secret-key ${shared}/secret_key is "absent"`;
  const wasGiven = `${shared}/local.py: owner is ${wanted.user},`;
  return [...resources.values()].some(
    ({ reason }) =>
      reason !== undefined &&
      // Elsewhere the owner is not probed; the commands changed it before they moved anything.
      (reason.includes(wasMoved) || (part === "user" && reason.includes(wasGiven))),
  );
}

function moveCommands(former: DataPlace, wanted: DataPlace, facts: HostFacts): string[] {
  const stop = facts.facts.get("init") === "sysv" ? "service uwsgi stop" : "systemctl stop uwsgi";
  const folders = ["shared", "backups"] as const;
  const at = ({ siteRoot, app }: DataPlace, folder: (typeof folders)[number]): string =>
    applicationPaths(siteRoot, app)[folder];
  return [
    stop,
    ...(former.user === wanted.user
      ? []
      : [
          `id ${wanted.user} || useradd ${wanted.user}`,
          `chown -R ${wanted.user}: ${folders.map((folder) => at(former, folder)).join(" ")}`,
        ]),
    ...(former.siteRoot === wanted.siteRoot && former.app === wanted.app
      ? []
      : [
          `mkdir -p ${folders.map((folder) => `${wanted.siteRoot}/${folder}`).join(" ")}`,
          ...folders.map((folder) => `mv -T ${at(former, folder)} ${at(wanted, folder)}`),
        ]),
  ];
}

function sharedOf({ siteRoot, app }: DataPlace): string {
  return applicationPaths(siteRoot, app).shared;
}
