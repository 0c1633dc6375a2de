import { type Component, type Key, setCommand } from "./key";
import { fullName, type KeyName, keyNames, keys } from "./schema";

/** What stands for a setting in the texts of components and host, which know no stack. */
export function argumentOf({ component, argument }: Key<unknown>): string | undefined {
  if (argument === undefined) return undefined;
  // A bastion is part of how the host is reached.
  return `${component === "Bastion" ? "Host" : component}.${argument}`;
}

const byArgument = new Map<string, KeyName>([
  ...keyNames.flatMap((name): [string, KeyName][] => {
    const argument = argumentOf(keys[name]);
    return argument === undefined ? [] : [[argument, name]];
  }),
  // uWSGI is given these of another component's, or what follows from them.
  ["Uwsgi.user", "deployerUser"],
  ["Uwsgi.wsgi", "appPackage"],
  ["Uwsgi.directory", "siteRoot"],
  ["Uwsgi.virtualenv", "deployerHome"],
]);

/** The setting that gives an argument, such as `environment.LANG`, and what of the path lies in its value. */
export function keyOf(component: Component, path: string): { name: KeyName; rest: string } {
  for (let end = path.length; end > 0; end--) {
    const name = byArgument.get(`${component}.${path.slice(0, end)}`);
    if (name !== undefined) return { name, rest: path.slice(end) };
  }
  throw new Error(`${component}.${path} is given by no setting`);
}

/** Every argument that a setting becomes, such as `PostgresDatabase.version`. */
export const argumentNames: readonly string[] = [...byArgument.keys()];

const components = [...new Set(argumentNames.map((name) => name.replace(/\..*$/, "")))];
const argument = `\\b(?:${components.join("|")})(?:\\.[a-z]\\w*)+`;
const anyArgument = new RegExp(argument, "g");
/** What is to be done, where the text has the very value, or a word in capitals for it. */
const assignment = new RegExp(
  `\\bset (${argument}) to (true|false|disable|root|[0-9a-f]{40}|\\d+(?:\\.\\d+)?|[A-Z]{2,})\\b`,
  "g",
);

/**
 * A text of a component or of the host as the stack's owner reads it: each argument that it names
 * becomes the setting that gives it, such as `PostgresDatabase.version` to `tracks:postgresVersion`, and a
 * secret one with the command, as what is to be set to a given value becomes the command.
 */
export function inStackKeys(text: string): string {
  const commands = text.replace(assignment, (sentence, argument: string, value: string) => {
    const name = byArgument.get(argument);
    return name === undefined ? sentence : `pulumi config set ${fullName(name)} ${value}`;
  });
  return commands.replace(anyArgument, (argument) => {
    const name = byArgument.get(argument);
    if (name === undefined) return argument;
    const [full, key] = [fullName(name), keys[name]];
    // How a secret is given is nothing that the text shows.
    return key.secret ? `${full} (${setCommand(full, key)})` : full;
  });
}
