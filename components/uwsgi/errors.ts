import type { ArgumentError } from "../ArgumentsError";
import { isFilledIn, optionName, reservedOption } from "./options";
import { primaryGroupOf } from "../../host/manifest/manifest";
import { installedUwsgi, type UwsgiView } from "../../templates/uwsgi";

const name = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const path = /^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._@+-]+)+$/;
const variable = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** What of these arguments can't be as it is; the view has each under its argument's name. */
export function uwsgiErrors(view: UwsgiView): ArgumentError[] {
  return [
    ...fault(
      "application",
      view.application,
      name.test(view.application),
      "letters, digits, _ . -, such as tracks",
    ),
    ...fault(
      "version",
      view.version,
      /^\d+(\.\d+)+$/.test(view.version),
      "a release such as 2.0.31",
    ),
    ...fault(
      "user",
      view.user,
      name.test(view.user) && view.user !== "root",
      "a login other than root, such as deployer",
    ),
    ...fault(
      "group",
      view.group,
      view.group === primaryGroupOf(view.user) || (name.test(view.group) && view.group !== "root"),
      "a group other than root's, such as deployer",
    ),
    ...(
      ["interpreter", "binary", "directory", "wsgiFile", "virtualenv", "log", "pidFile"] as const
    ).flatMap((key) =>
      fault(
        key,
        view[key],
        path.test(view[key]) || (key === "binary" && view.binary === installedUwsgi),
        "an absolute path of letters, digits and . _ @ + -, without . and ..",
      ),
    ),
    ...fault(
      "log",
      view.log,
      !/^\/(tmp|var\/tmp|dev)\//.test(view.log),
      "a file outside /tmp, /var/tmp and /dev: the host's logrotate.service sees others in their place",
    ),
    ...fault(
      "pidFile",
      view.pidFile,
      /^(\/var)?\/run\/[^/]+\/[^/]+$/.test(view.pidFile),
      "a file in a directory of its own in /run, such as /var/run/uwsgi/uwsgi.pid",
    ),
    ...fault(
      "socket",
      view.socket,
      isLoopback(view.socket),
      "127.0.0.1:PORT, a port from 1024 to 65535: nothing of uWSGI is for the network",
    ),
    ...fault(
      "stats",
      view.stats,
      isLoopback(view.stats) && view.stats !== view.socket,
      "127.0.0.1:PORT, another port from 1024 to 65535 than the socket's",
    ),
    ...whole("processes", view.processes, 1, 1024),
    ...whole("harakiriSeconds", view.harakiriSeconds, 1, 3600),
    ...whole("bufferSize", view.bufferSize, 4096, 65535),
    ...whole("listenQueue", view.listenQueue, 1, 65535),
    ...environmentFaults(view.environment),
    ...view.options.flatMap(optionFaults),
    ...view.startsAfter.flatMap((service) =>
      fault(
        "startsAfter",
        service,
        /^[A-Za-z0-9][A-Za-z0-9@._-]*$/.test(service),
        "names of services without .service, such as postgresql",
      ),
    ),
    ...fault(
      "proofPath",
      view.proof.path,
      /^\/[A-Za-z0-9._~/?&=+-]*$/.test(view.proof.path),
      "a path such as / or /health/",
    ),
    ...fault(
      "proofHost",
      view.proof.host,
      /^[A-Za-z0-9.-]+$/.test(view.proof.host),
      "a host name such as tracks.example.org",
    ),
  ];
}

function isLoopback(address: string): boolean {
  const port = /^127\.0\.0\.1:(\d{4,5})$/.exec(address)?.[1];
  return port !== undefined && Number(port) >= 1024 && Number(port) <= 65535;
}

function whole(key: string, value: number, least: number, most: number): ArgumentError[] {
  const good = Number.isInteger(value) && value >= least && value <= most;
  return fault(key, value, good, `a whole number from ${least} to ${most}`);
}

function environmentFaults(environment: UwsgiView["environment"]): ArgumentError[] {
  return Object.entries(environment).flatMap(([key, value]) => [
    ...fault("environment", key, variable.test(key), "names of letters, digits and _"),
    // What is wrong with a value is told without it: somebody may have put a secret there.
    ...(isFilledIn(value)
      ? [
          {
            propertyPath: `environment.${key}`,
            reason: "give one line without %, $( and @(, which uWSGI fills in",
          },
        ]
      : []),
  ]);
}

function optionFaults(option: string): ArgumentError[] {
  if (optionName(option) === undefined) {
    return fault("options", option, false, "one line each, such as max-requests = 5000");
  }
  const instead = reservedOption(option);
  return instead === undefined
    ? []
    : fault("options", option, false, `other options: for this one there is ${instead}`);
}

function fault(
  propertyPath: string,
  given: string | number,
  good: boolean,
  allowed: string,
): ArgumentError[] {
  return good ? [] : [{ propertyPath, reason: `"${given}" was given; give ${allowed}` }];
}
