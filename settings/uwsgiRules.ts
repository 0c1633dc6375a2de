import type { Fault } from "./fault";
import { setCommand } from "./key";
import { type Reading, shown } from "./read";
import { fullName, type KeyName, keys } from "./schema";
import { redacted } from "../host/secret";
import { isFilledIn, reservedOption } from "../components/uwsgi/options";

/** Settings that take the place of an option, by the name that the service has for them. */
const settings: Partial<Record<string, KeyName>> = {
  socket: "uwsgiSocket",
  stats: "uwsgiStats",
  processes: "uwsgiProcesses",
  harakiriSeconds: "uwsgiHarakiriSeconds",
  bufferSize: "uwsgiBufferSize",
  listenQueue: "uwsgiListenQueue",
  log: "uwsgiLog",
  pidFile: "uwsgiPidFile",
  environment: "uwsgiEnvironment",
  group: "uwsgiGroup",
  user: "deployerUser",
  wsgiFile: "appPackage",
};

/** What the service would refuse once it is made: here it is told with everything else, and before. */
export function checkUwsgi({ values }: Reading): Fault[] {
  return [
    ...statsFaults(values),
    ...groupFaults(values),
    ...(values.uwsgiEnvironment ?? []).flatMap(environmentFaults),
    ...(values.uwsgiOptions ?? []).flatMap(optionFaults),
  ];
}

function statsFaults({ uwsgiSocket, uwsgiStats }: Reading["values"]): Fault[] {
  if (uwsgiStats === undefined || uwsgiStats !== uwsgiSocket) return [];
  return [
    {
      key: fullName("uwsgiStats"),
      given: `"${uwsgiStats}", which is ${fullName("uwsgiSocket")} too`,
      allowed: "another port than the socket's",
      mend: setCommand(fullName("uwsgiStats"), keys.uwsgiStats),
    },
  ];
}

function groupFaults({ uwsgiGroup }: Reading["values"]): Fault[] {
  if (uwsgiGroup !== "root") return [];
  return [
    {
      key: fullName("uwsgiGroup"),
      given: `"${uwsgiGroup}"`,
      allowed: "another group than root's: the workers are the deployer's",
      mend: setCommand(fullName("uwsgiGroup"), keys.uwsgiGroup),
    },
  ];
}

function environmentFaults(line: string, index: number): Fault[] {
  const equals = line.indexOf("=");
  if (!isFilledIn(line.slice(equals + 1))) return [];
  return [
    {
      key: `${fullName("uwsgiEnvironment")}[${index}]`,
      // Somebody may have put a secret there.
      given: `"${line.slice(0, equals)}=${redacted}", with %, $( or @( in the value`,
      allowed: "a value without these, which uWSGI fills in",
      mend: setCommand(fullName("uwsgiEnvironment"), keys.uwsgiEnvironment, `[${index}]`),
    },
  ];
}

function optionFaults(option: string, index: number): Fault[] {
  const instead = reservedOption(option);
  if (instead === undefined) return [];
  const setting = settings[instead];
  return [
    {
      key: `${fullName("uwsgiOptions")}[${index}]`,
      given: shown(option),
      allowed:
        setting === undefined
          ? "other options: this one is the deployment's own"
          : `other options: for this one there is ${fullName(setting)}`,
      mend: `pulumi config rm --path '${fullName("uwsgiOptions")}[${index}]'`,
    },
  ];
}
