import { type ArgumentError, argumentErrors } from "../components/args/argument";
import { djangoAppArguments, gitErrors } from "../components/args/DjangoApp";
import { linuxUserArguments } from "../components/args/LinuxUser";
import { nginxSiteErrors } from "../components/args/NginxSite";
import { serverErrors } from "../components/args/PostgresDatabase";
import { robotsTxtArguments } from "../components/args/RobotsTxt";
import { systemPackagesArguments } from "../components/args/SystemPackages";
import { uwsgiErrors } from "../components/args/Uwsgi";
import { argsOf } from "./argsOf";
import { inStackKeys, keyOf } from "./argumentKeys";
import type { Fault } from "./fault";
import { type Component, type Key, setCommand } from "./key";
import type { Reading } from "./read";
import { fullName, keys, type Values } from "./schema";

/** What the components would refuse: told here with everything else, and as settings. */
export function checkArguments({ values, given }: Reading): Fault[] {
  const { source } = argsOf("DjangoApp", values);
  const git = source?.url === undefined ? undefined : { ...source, url: source.url };
  const hasHostKey = given.has("sourceHostKey");
  const faults = (component: Component, errors: ArgumentError[]): Fault[] =>
    errors.map((error) => faultOf(component, error, values));
  const uwsgi = argsOf("Uwsgi", values);
  return [
    ...faults(
      "SystemPackages",
      argumentErrors(systemPackagesArguments, argsOf("SystemPackages", values)),
    ),
    ...faults("LinuxUser", argumentErrors(linuxUserArguments, argsOf("LinuxUser", values))),
    ...faults("RobotsTxt", argumentErrors(robotsTxtArguments, argsOf("RobotsTxt", values))),
    ...faults("NginxSite", nginxSiteErrors(argsOf("NginxSite", values))),
    ...faults("PostgresDatabase", serverErrors(databaseOf(values))),
    ...faults("DjangoApp", argumentErrors(djangoAppArguments, { "source.url": source?.url })),
    ...faults("DjangoApp", git ? gitErrors({ ...git, hostKey: hasHostKey || undefined }) : []),
    ...faults("Uwsgi", uwsgiErrors(uwsgi)),
  ];
}

/** The database as its component gets it, but for the file of authorities, which has a rule of its own. */
function databaseOf(values: Partial<Values>) {
  const { external, ...database } = argsOf("PostgresDatabase", values);
  return { ...database, external: { ...external, authorities: undefined } };
}

/** An argument's error as a fault of the setting that gives the argument. */
function faultOf(component: Component, error: ArgumentError, values: Partial<Values>): Fault {
  const { name, rest } = keyOf(component, error.propertyPath);
  const key: Key<unknown> = keys[name];
  const part = partOf(values[name], key, rest);
  const full = fullName(name);
  return {
    key: full + part,
    given: inStackKeys(error.given),
    allowed: inStackKeys(error.allowed),
    mend: !error.superfluous
      ? setCommand(full, key, part)
      : part === ""
        ? `pulumi config rm ${full}`
        : `pulumi config rm --path '${full}${part}'`,
  };
}

/** Where in the setting it is: what an argument has by name may be an item of a list there. */
function partOf(value: unknown, key: Key<unknown>, rest: string): string {
  if (key.value.encoding !== "json" || !rest.startsWith(".")) return rest;
  return `[${Object.keys(value as object).indexOf(rest.slice(1))}]`;
}
