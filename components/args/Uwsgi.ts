import type * as pulumi from "@pulumi/pulumi";
import type { Host } from "../../host/Host";
import type { FileArgs } from "../../host/HostComponent";
import { integer, listOf, text } from "../../host/manifest/value";
import {
  absolutePath,
  hostName,
  interpreterPath,
  groupName,
  loginName,
  loopbackAddress,
  relativePath,
  serviceName,
  siteName,
  uriPath,
} from "../../host/manifest/values";
import { isFilledIn, reservedOption } from "../uwsgi/options";
import {
  type ArgumentError,
  type ArgumentTable,
  placeholderErrors,
  required,
  withDefault,
  withoutDefault,
} from "./argument";

/** Inputs of `Uwsgi`. */
export interface UwsgiArgs extends FileArgs {
  /** The host that uWSGI runs on. */
  host: Host;
  /** Name of the application, of its link below the site's root, and of its ini file. */
  application: string;
  /** Directory of the site, with the link to the application. @example "/srv/tracks" */
  siteRoot: string;
  /** Login that the workers run as; not root. */
  user: string;
  /** Whether PRODUCTION=1 is set; otherwise the variable does not exist. */
  production: boolean;
  /** Version of uWSGI. @default "2.0.31" */
  version?: pulumi.Input<string>;
  /**
   * Path of the system's Python whose pip installs uWSGI, and which uWSGI embeds.
   *
   * @default "/usr/bin/python3"
   */
  interpreter?: string;
  /** Path of the program `uwsgi`. @default the one that pip installed, by pip's own record */
  binary?: string;
  /** Home of the user. @default "/home/USER" */
  home?: string;
  /** Group of the workers. @default the user's primary group */
  group?: string;
  /**
   * Working directory, which is in sys.path; a link is resolved at each start and reload.
   *
   * @default "SITEROOT/APPLICATION"
   */
  directory?: string;
  /** The application's WSGI file, relative to the directory. @default "APPLICATION/wsgi.py" */
  wsgi?: string;
  /** The application's virtualenv; a link is resolved at each start and reload. @default "HOME/venv" */
  virtualenv?: string;
  /**
   * Address that nginx passes requests to, on this machine only (`socket`).
   *
   * @default "127.0.0.1:8001"
   * @see https://uwsgi-docs.readthedocs.io/en/latest/Options.html
   */
  socket?: pulumi.Input<string>;
  /** Address of uWSGI's statistics, on this machine only (`stats`). @default "127.0.0.1:9191" */
  stats?: pulumi.Input<string>;
  /** Number of workers (`processes`). @default 16 */
  processes?: pulumi.Input<number>;
  /** Seconds after which uWSGI ends a request together with its worker (`harakiri`). @default 30 */
  harakiriSeconds?: pulumi.Input<number>;
  /** Bytes that a request's line and headers may take (`buffer-size`). @default 32768 */
  bufferSize?: pulumi.Input<number>;
  /**
   * Number of requests that may wait for a worker (`listen`); at most the kernel's net.core.somaxconn.
   *
   * @default 128
   */
  listenQueue?: pulumi.Input<number>;
  /** uWSGI's log. @default "/var/log/uwsgi.log" */
  log?: string;
  /** File with the master's process id, in a directory of its own. @default "/var/run/uwsgi/uwsgi.pid" */
  pidFile?: string;
  /**
   * Environment variables of the application, in addition to LANG and PRODUCTION; it has no others. Users of
   * the host can read them: put secrets into the application's local settings.
   *
   * @default {}: LANG is a UTF-8 locale of the host, without which Python can't name a file with an umlaut
   * @example { TZ: "Europe/Berlin" }
   */
  environment?: pulumi.Input<Readonly<Record<string, pulumi.Input<string>>>>;
  /** Further options of uWSGI, each a line `key = value`. @default [] @example ["max-requests = 5000"] */
  options?: pulumi.Input<readonly pulumi.Input<string>[]>;
  /**
   * Services of the same host that are started first at boot, such as the database's: names without
   * `.service`. A service that the host does not have does no harm.
   *
   * @default []
   */
  startsAfter?: pulumi.Input<readonly pulumi.Input<string>[]>;
  /** Path to request after each start and reload: any status but a server error (5xx) will do. @default "/" */
  proofPath?: pulumi.Input<string>;
  /** Host name in that request, which the application must allow. @default "localhost" */
  proofHost?: pulumi.Input<string>;
}

/** Kinds of values of the arguments, and their defaults; other rules check the environment. */
export const uwsgiArguments = {
  application: required(siteName),
  siteRoot: required(absolutePath),
  user: required(loginName),
  version: withDefault(text("a version, such as `2.0.31`", /^\d+(?:\.\d+){1,3}$/), "2.0.31"),
  interpreter: withDefault(interpreterPath, "/usr/bin/python3"),
  binary: withoutDefault(absolutePath),
  home: withoutDefault(absolutePath),
  group: withoutDefault(groupName),
  directory: withoutDefault(absolutePath),
  wsgi: withoutDefault(relativePath),
  virtualenv: withoutDefault(absolutePath),
  socket: withDefault(loopbackAddress, "127.0.0.1:8001"),
  stats: withDefault(loopbackAddress, "127.0.0.1:9191"),
  processes: withDefault(integer("a number", 1, 1024), 16),
  harakiriSeconds: withDefault(integer("seconds", 1, 3600), 30),
  bufferSize: withDefault(integer("bytes", 4096, 65_535), 32_768),
  listenQueue: withDefault(integer("requests", 1, 65_535), 128),
  log: withDefault(absolutePath, "/var/log/uwsgi.log"),
  pidFile: withDefault(
    text(
      "a file in a directory of its own below `/run` or `/var/run`",
      /^(?:\/var)?\/run(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._@+-]+){2}$/,
    ),
    "/var/run/uwsgi/uwsgi.pid",
  ),
  options: withDefault(
    listOf(text("one line, `OPTION = VALUE`", /^[a-z][a-z0-9-]* *= *(?! )\P{Cc}+$/u), "lines", {
      repeats: true,
    }),
    [],
  ),
  startsAfter: withDefault(listOf(serviceName, "services"), []),
  proofPath: withDefault(uriPath, "/"),
  proofHost: withDefault(hostName, "localhost"),
} satisfies ArgumentTable<UwsgiArgs>;

type Values = Partial<pulumi.Unwrap<Omit<UwsgiArgs, "host" | "transform">>>;

/** Checks arguments together, and by the rules of this program; ignores missing ones. */
export function uwsgiRules(args: Values): ArgumentError[] {
  const { user, group, log, socket, stats, environment = {}, options = [] } = args;
  return [
    ...refused("user", user, user === "root", "another login than root: it decides what runs"),
    ...refused("group", group, group === "root", "another group than root's"),
    ...refused(
      "log",
      log,
      log !== undefined && /^\/(tmp|var\/tmp|dev)\//.test(log),
      "a file outside /tmp, /var/tmp and /dev: the host's logrotate.service has its own in their place",
    ),
    ...(stats !== undefined && stats === socket
      ? [
          {
            propertyPath: "stats",
            given: `"${stats}", which is Uwsgi.socket too`,
            allowed: "another port than the socket's",
          },
        ]
      : []),
    ...Object.entries(environment).flatMap(([name, value]) => variableErrors(name, value)),
    ...options.flatMap(optionErrors),
  ];
}

/** No error shows the value of a variable, which may be a secret. */
function variableErrors(name: string, value: string): ArgumentError[] {
  return [
    ...refused(
      "environment",
      name,
      name === "PRODUCTION" || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name),
      "names of letters, digits and _; PRODUCTION is set by the argument production",
    ),
    ...placeholderErrors(`environment.${name}`, value),
    ...(isFilledIn(value)
      ? [
          {
            propertyPath: `environment.${name}`,
            given: "a value with %, $( or @( in it, or of several lines",
            allowed: "one line without these, which uWSGI replaces",
          },
        ]
      : []),
  ];
}

function optionErrors(option: string, index: number): ArgumentError[] {
  const instead = reservedOption(option);
  if (instead === undefined) return [];
  return [
    {
      propertyPath: `options[${index}]`,
      given: JSON.stringify(option),
      allowed: `other options: ${instead}`,
      superfluous: true,
    },
  ];
}

function refused(
  propertyPath: string,
  given: string | undefined,
  isRefused: boolean,
  allowed: string,
): ArgumentError[] {
  return isRefused ? [{ propertyPath, given: JSON.stringify(given), allowed }] : [];
}
