import { type ArgumentError, placeholderErrors } from "../components/args/argument";
import { gitErrors } from "../components/args/DjangoApp";
import { nginxSiteRules } from "../components/args/NginxSite";
import { postgresDatabaseRules } from "../components/args/PostgresDatabase";
import { systemPackagesRules } from "../components/args/SystemPackages";
import { uwsgiRules } from "../components/args/Uwsgi";
import { argsOf } from "./argsOf";
import { inStackKeys, keyOf } from "./argumentKeys";
import type { ProblemParts } from "../host/problem";
import { type Component, type Key, setCommand } from "./key";
import type { Reading } from "./read";
import { fullName, type KeyName, keyNames, keys, type Values } from "./schema";

/** Checks settings, each valid by itself, by the rules of their components, so that all problems appear at once. */
export function checkArguments({ values, given }: Reading): ProblemParts[] {
  const problemsOf = (component: Component, errors: ArgumentError[]): ProblemParts[] =>
    errors.map((error) => problemOf(component, error, values));
  const { source } = argsOf("DjangoApp", values);
  const git = source?.url !== undefined && {
    url: source.url,
    // A setting with an error counts as given.
    hostKey: given.has("sourceHostKey") || undefined,
    deployKey: given.has("sourceDeployKey") || undefined,
  };
  return [
    ...keyNames.flatMap((name) => placeholderProblems(name, values[name])),
    ...problemsOf("SystemPackages", systemPackagesRules(argsOf("SystemPackages", values))),
    ...problemsOf("NginxSite", nginxSiteRules(argsOf("NginxSite", values))),
    ...problemsOf("PostgresDatabase", postgresDatabaseRules(databaseOf(values, given))),
    ...problemsOf("DjangoApp", git ? gitErrors(git) : []),
    ...problemsOf("Uwsgi", uwsgiRules(argsOf("Uwsgi", values))),
  ];
}

/** Refuses placeholders, except in secrets; the rules of a component check its records. */
function placeholderProblems(name: KeyName, value: unknown): ProblemParts[] {
  if (typeof value === "object" && !Array.isArray(value)) return [];
  return placeholderErrors("", value).map(({ given, allowed }) => ({
    subject: fullName(name),
    given,
    allowed,
    fix: [setCommand(fullName(name), keys[name])],
  }));
}

/** The database as its component gets it; another rule checks the content of the file of authorities. */
function databaseOf(values: Partial<Values>, given: Reading["given"]) {
  const { external, ...database } = argsOf("PostgresDatabase", values);
  // With an error in postgresHost the server is still one elsewhere.
  const host = external?.host ?? (given.has("postgresHost") ? "elsewhere" : undefined);
  const authorities = given.has("postgresCaFile") ? "certificates" : undefined;
  return { ...database, external: { ...external, host, authorities } };
}

/** An argument's error as a problem of the setting that gives the argument. */
function problemOf(
  component: Component,
  error: ArgumentError,
  values: Partial<Values>,
): ProblemParts {
  const { name, rest } = keyOf(component, error.propertyPath);
  const key: Key<unknown> = keys[name];
  const part = partOf(values[name], key, rest);
  const full = fullName(name);
  return {
    subject: full + part,
    given: inStackKeys(error.given),
    allowed: inStackKeys(error.allowed),
    fix: [
      !error.superfluous
        ? setCommand(full, key, part)
        : part === ""
          ? `pulumi config rm ${full}`
          : `pulumi config rm --path '${full}${part}'`,
    ],
  };
}

/** The place within the setting: a named value of the argument may be an item of a list there. */
function partOf(value: unknown, key: Key<unknown>, rest: string): string {
  if (key.value.encoding !== "json" || !rest.startsWith(".")) return rest;
  return `[${Object.keys(value as object).indexOf(rest.slice(1))}]`;
}
