import { applicationPaths } from "../components/django/paths";
import type { HostFacts } from "../host/facts";
import { errorOf } from "../host/problem";
import { refusal } from "./refuse";

/** Settings that decide where an application's data are, and whose they are. */
export interface DataLocation {
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
 * Compares the location of the application's data with where this stack last had them on the host.
 *
 * In a changed location database, uploads and secret key would be new, and the site would go live
 * without its data.
 *
 * @param facts undefined when the host could not be reached: then there is nothing to compare
 * @throws {@link ProblemError} with the commands that move the data, until somebody has run them
 */
export function checkFormerLocation(wanted: DataLocation, facts: HostFacts | undefined): void {
  const former = facts && formerLocation(facts);
  if (facts === undefined || former === undefined) return;
  const changed = (["siteRoot", "app", "user"] as const).filter(
    (part) => former[part] !== wanted[part] && !isDone(part, former, wanted, facts),
  );
  if (changed.length === 0) return;
  const back = changed.map((part) => `pulumi config set ${settings[part]} ${former[part]}`);
  throw refusal([
    errorOf({
      subject: changed.map((part) => settings[part]).join(", "),
      given: changed.map((part) => `"${wanted[part]}"`).join(", "),
      found: `the site's data (database file, uploads, secret key) in ${sharedOf(former)}, owned by ${former.user}`,
      fix: [
        "to move the data, run on the host as root:",
        ...moveCommands(former, wanted, facts).map((command) => `  ${command}`),
        "or set back:",
        ...back.map((command) => `  ${command}`),
      ],
      reason: "The site would go live without its data.",
    }),
  ]);
}

/** The location that this stack last applied, from what the host remembers; undefined without a release. */
function formerLocation(facts: HostFacts): DataLocation | undefined {
  const lines = [...facts.resources.values()].flatMap(({ manifest }) => manifest ?? []);
  const release = lines.find((line) => line.startsWith("application "));
  if (release === undefined) return undefined;
  // The key is applied before the release: after a deployment that failed in between, it is right.
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

/** Whether the probe finds no data in the former location, or finds that the new owner has them. */
function isDone(
  part: keyof DataLocation,
  former: DataLocation,
  wanted: DataLocation,
  { facts }: HostFacts,
): boolean {
  const shared = sharedOf(former);
  // The probe checks no owner elsewhere; the commands changed it before they moved anything.
  if (facts.get(`owner${shared}/secret_key`) === "absent") return true;
  return part === "user" && facts.get(`owner${shared}/local.py`) === wanted.user;
}

function moveCommands(former: DataLocation, wanted: DataLocation, facts: HostFacts): string[] {
  const stop = facts.facts.get("init") === "sysv" ? "service uwsgi stop" : "systemctl stop uwsgi";
  const folders = ["shared", "backups"] as const;
  const at = ({ siteRoot, app }: DataLocation, folder: (typeof folders)[number]): string =>
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

function sharedOf({ siteRoot, app }: DataLocation): string {
  return applicationPaths(siteRoot, app).shared;
}
