import type { ArgumentError } from "../ArgumentsError";
import type * as pulumi from "@pulumi/pulumi";
import type { DjangoAppArgs, LaterArgs } from "./args";

const absolutePath = /^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._@+-]+)+$/;
const relativePath = /^(?!\/)(\/?(?!\.{1,2}(\/|$))[A-Za-z0-9._@+-]+)+$/;
const hostName = /^[A-Za-z0-9][A-Za-z0-9.-]*$/;

/**
 * What of these arguments can't be as it is.
 *
 * @param later those among them that are known by now
 */
export function djangoAppErrors(
  args: Omit<DjangoAppArgs, keyof LaterArgs>,
  later: Partial<pulumi.Unwrap<LaterArgs>>,
): ArgumentError[] {
  return [
    fault("app", args.app, /^[A-Za-z_][A-Za-z0-9_-]*$/, "letters, digits, _ and -, such as tracks"),
    fault("siteRoot", args.siteRoot, absolutePath, "an absolute path, such as /microarray"),
    fault(
      "interpreter",
      args.interpreter,
      absolutePath,
      "the interpreter's absolute path, such as /usr/bin/python3",
    ),
    ...(["requirements", "wsgi", "localSettings"] as const).map((name) =>
      fault(name, args[name], relativePath, "a file below the folder that holds manage.py"),
    ),
    fault(
      "healthPath",
      later.healthPath,
      /^\/[A-Za-z0-9._@%+:,=~/-]*$/,
      "a path as in a request, such as /healthz/",
    ),
    ...args.allowedHosts.map((host) =>
      fault("allowedHosts", host, /^\.?[A-Za-z0-9_.:[\]-]+$/, "host names, such as tracks.test"),
    ),
    fault("proofHost", later.proofHost, hostName, "a whole host name, such as tracks.test"),
    ...(later.proofHost === undefined && args.allowedHosts[0].startsWith(".")
      ? [
          {
            propertyPath: "allowedHosts",
            reason: `"${args.allowedHosts[0]}" stands first: put a whole name before it, or give proofHost, which a release is asked by`,
          },
        ]
      : []),
    ...(later.keep !== undefined && !(Number.isInteger(later.keep) && later.keep >= 2)
      ? [
          {
            propertyPath: "keep",
            reason: `${later.keep} was given; give 2 or more, so that a release to go back to is among them`,
          },
        ]
      : []),
    ...(args.extraRequirements ?? []).map((line) =>
      fault(
        "extraRequirements",
        line,
        /^[^-\s][^\n\r\0]*$/,
        "requirements as pip takes them, no options",
      ),
    ),
    ...sourceFaults(args),
  ].flat();
}

function sourceFaults({ source }: Pick<DjangoAppArgs, "source">): ArgumentError[] {
  if (source.kind === "folder") return [];
  const overSsh = /^(ssh:\/\/|[^/:]+@[^/:]+:)/.test(source.url);
  return [
    // A password in the URL would stand in git's arguments, for every login of the host to see.
    ...(/^[a-z+]+:\/\/[^/@]*:[^/@]*@/.test(source.url)
      ? [
          {
            propertyPath: "source.url",
            reason: "the URL has a password: use a deploy key and an ssh:// URL",
          },
        ]
      : fault(
          "source.url",
          source.url,
          /^((https|ssh|file):\/\/|[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:)[A-Za-z0-9._@%+:,=~/-]+$/,
          "a URL of git: https://, ssh://, file:// or user@host:path",
        )),
    ...(overSsh && source.hostKey === undefined
      ? [
          {
            propertyPath: "source.hostKey",
            reason: "a URL that goes through SSH needs the key of the git server",
          },
        ]
      : []),
  ];
}

function fault(
  propertyPath: string,
  given: string | undefined,
  allowed: RegExp,
  mend: string,
): ArgumentError[] {
  return given === undefined || allowed.test(given)
    ? []
    : [{ propertyPath, reason: `${JSON.stringify(given)} was given; give ${mend}` }];
}
