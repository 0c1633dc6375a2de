import { type Component, type Key, quoted, setCommand } from "./key";
import { fullName, type KeyName, keyNames, keys } from "./schema";

/** Name of the argument that a setting becomes, as components and host use it in their texts. */
export function argumentOf({ component, argument }: Key<unknown>): string | undefined {
  if (argument === undefined) return undefined;
  // `connectionTo` takes what leads to the host, and the bastion as a part of it.
  const owner = component === "Host" || component === "Bastion" ? "Connection" : component;
  return `${owner}.${argument}`;
}

/** Settings that become an argument: more than one where only one of them may be given. */
const byArgument = new Map<string, KeyName[]>();
for (const name of keyNames) {
  const argument = argumentOf(keys[name]);
  if (argument === undefined) continue;
  byArgument.set(argument, [...(byArgument.get(argument) ?? []), name]);
}
// Uwsgi gets these values of other components, or values that depend on them.
byArgument.set("Uwsgi.user", ["deployerUser"]);
byArgument.set("Uwsgi.wsgi", ["appPackage"]);
byArgument.set("Uwsgi.directory", ["siteRoot"]);
byArgument.set("Uwsgi.virtualenv", ["deployerHome"]);

/** The setting that gives an argument, such as `environment.LANG`, and the rest of the path, within its value. */
export function keyOf(component: Component, path: string): { name: KeyName; rest: string } {
  for (let end = path.length; end > 0; end--) {
    const [name] = byArgument.get(`${component}.${path.slice(0, end)}`) ?? [];
    if (name !== undefined) return { name, rest: path.slice(end) };
  }
  throw new Error(`${component}.${path} is given by no setting`);
}

/** Every argument that a setting becomes, such as `PostgresDatabase.version`. */
export const argumentNames: readonly string[] = [...byArgument.keys()];

const components = [...new Set(argumentNames.map((name) => name.replace(/\..*$/, "")))];
const argument = `\\b(?:${components.join("|")})(?:\\.[a-z]\\w*)+`;
const anyArgument = new RegExp(argument, "g");
/** An instruction with the value to set, in quotes where it could be any word, or with a word in capitals for it. */
const assignment = new RegExp(
  `\\bset (${argument}) to (?:"([^"\\s]+)"|(\\[\\]|(?:true|false|disable|root|[0-9a-f]{40}|\\d+(?:\\.\\d+)?|[A-Z]{2,})\\b))`,
  "g",
);

/**
 * Replaces each argument in a text of a component or of the host by its setting, such as
 * `PostgresDatabase.version` by `tracks:postgresVersion`. In a sentence a secret setting gets its command,
 * and an instruction that has the value becomes a command.
 */
export function inStackKeys(text: string): string {
  const commands = text.replace(
    assignment,
    (sentence, argument: string, word?: string, plain?: string) => {
      const [name] = byArgument.get(argument) ?? [];
      return name === undefined ? sentence : commandFor(name, word ?? plain ?? "");
    },
  );
  return commands.replace(anyArgument, (argument) => {
    const names = byArgument.get(argument) ?? [];
    if (names.length === 0) return argument;
    // A text never shows how to set a secret; a label has no room for it.
    const isSentence = text !== argument && names.length === 1;
    return names
      .map((name) => {
        const [full, key] = [fullName(name), keys[name]];
        return key.secret && isSentence ? `${full} (${setCommand(full, key)})` : full;
      })
      .join(" or ");
  });
}

/** The command that gives a setting a value; its own command where the value is a word in capitals. */
function commandFor(name: KeyName, value: string): string {
  const [full, key] = [fullName(name), keys[name] as Key<unknown>];
  const hasOwn = key.command !== undefined && /^[A-Z]{2,}$/.test(value);
  return key.secret || hasOwn
    ? setCommand(full, key)
    : `pulumi config set ${full} ${quoted(value)}`;
}
