import { errorOf, type Problem, type ProblemParts, warningOf } from "../host/problem";
import { setCommand, type Key } from "./key";
import { nearest } from "./nearest";
import { fullName, type KeyName, keyNames, keys, namespace, type Values } from "./schema";
import { parseValue, type Refusal, shown } from "../host/manifest/value";
import { redacted, Secret } from "../host/secret";

/** A stack's settings as Pulumi passes them to the program. */
export interface ConfigurationSource {
  readonly stack: string;
  /** Values by full name, such as `tracks:listenPort`; a list or an object is JSON. */
  readonly settings: Readonly<Record<string, string>>;
  /** Full names of the encrypted settings of the stack's file. */
  readonly secretNames: ReadonlySet<string>;
  /** Folder of the repository, to which relative paths belong. */
  readonly directory: string;
  /** Folder of this machine's lab. */
  readonly labDirectory: string;
  /** Home of this user, for `~`. */
  readonly home: string;
}

/** The settings of a stack: the valid values, and the problems of the others. */
export interface Reading {
  /** Values and defaults, without those of a setting that has an error. */
  readonly values: Partial<Values>;
  /** Settings in the stack's file, valid or not. */
  readonly given: ReadonlySet<KeyName>;
  readonly problems: readonly Problem[];
}

/** Values of the encrypted settings: those that are secrets, and those that the stack's owner takes for one. */
export function encryptedValues({ settings, secretNames }: ConfigurationSource): string[] {
  return [...secretNames].flatMap((name) => settings[name] ?? []);
}

/** Reads each setting by itself; the rules check several of them together. */
export function readSettings(source: ConfigurationSource): Reading {
  const values: Record<string, unknown> = {};
  const given = new Set<KeyName>();
  const problems: Problem[] = unknownSettings(source).map(errorOf);

  for (const name of keyNames) {
    const key = keys[name] as Key<unknown>;
    const raw = source.settings[fullName(name)];
    if (raw === undefined) {
      if (key.presence === "required") problems.push(errorOf(missing(name, key)));
      else if (key.presence === "default") values[name] = key.fallback;
      continue;
    }
    given.add(name);
    const encrypted = source.secretNames.has(fullName(name));
    if (key.secret && !encrypted) {
      problems.push(errorOf(plainSecret(name, key)));
      continue;
    }
    if (encrypted && !key.secret) {
      problems.push(
        warningOf({
          subject: fullName(name),
          given: "a secret, encrypted in the stack's file",
          reason: "This program does not treat it as a secret: messages and the state may show it.",
        }),
      );
    }
    const result = parseValue(key.value, decoded(key, raw));
    if ("parsed" in result) {
      values[name] = key.secret ? new Secret(String(result.parsed)) : result.parsed;
    } else {
      problems.push(
        ...result.refusals.map((refusal) =>
          errorOf(refused(name, key, refusal, encrypted || key.secret)),
        ),
      );
    }
  }
  // The schema of its key has parsed each value.
  return { values, given, problems };
}

function decoded(key: Key<unknown>, raw: string): unknown {
  if (key.value.encoding === "text") return raw;
  try {
    return JSON.parse(raw) as unknown;
  } catch {
    // The schema refuses it, in its own words.
    return raw;
  }
}

function missing(name: KeyName, key: Key<unknown>): ProblemParts {
  return {
    subject: fullName(name),
    given: "nothing",
    allowed: key.value.allowed,
    fix: [setCommand(fullName(name), key)],
  };
}

function plainSecret(name: KeyName, key: Key<unknown>): ProblemParts {
  return {
    subject: fullName(name),
    given: `${redacted}, in plain text in the stack's file`,
    allowed:
      "a secret, encrypted there; change this one, since everybody who saw the file knows it",
    fix: [setCommand(fullName(name), key)],
  };
}

function refused(
  name: KeyName,
  key: Key<unknown>,
  refusal: Refusal,
  isSecret: boolean,
): ProblemParts {
  return {
    subject: fullName(name) + refusal.path,
    given: isSecret ? redacted : shown(refusal.given),
    allowed: refusal.allowed,
    fix: [
      refusal.superfluous
        ? `pulumi config rm --path '${fullName(name)}${refusal.path}'`
        : setCommand(fullName(name), key, refusal.path),
    ],
  };
}

/** Settings in our namespace that this program does not have: most often they are misspelt. */
function unknownSettings(source: ConfigurationSource): ProblemParts[] {
  return Object.keys(source.settings)
    .filter((name) => name.startsWith(`${namespace}:`))
    .map((name) => name.slice(namespace.length + 1))
    .filter((name) => !(name in keys))
    .map((name) => {
      const likely = nearest(name, keyNames);
      return {
        subject: fullName(name),
        // Without the value, which may be a secret under a misspelt name.
        given: "a setting that this program doesn't have",
        allowed:
          likely === undefined
            ? "the settings of docs/configuration.md"
            : `perhaps ${fullName(likely)}?`,
        fix: [
          `pulumi config rm ${fullName(name)}`,
          ...(likely === undefined ? [] : [setCommand(fullName(likely), keys[likely])]),
        ],
      };
    });
}
