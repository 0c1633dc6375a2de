import type { Fault } from "./fault";
import { setCommand, type Key } from "./key";
import { nearest } from "./nearest";
import { fullName, type KeyName, keyNames, keys, namespace, type Values } from "./schema";
import { parseValue, type Refusal, shown } from "../host/manifest/value";
import { redacted, Secret } from "../host/secret";

/** A stack's settings as Pulumi hands them to the program. */
export interface ConfigurationSource {
  readonly stack: string;
  /** Full name (`tracks:listenPort`) to text; a list or an object is JSON. */
  readonly settings: Readonly<Record<string, string>>;
  /** Full names of those that are encrypted in the stack's file. */
  readonly secretNames: ReadonlySet<string>;
  /** Folder of the repository: where relative paths start. */
  readonly directory: string;
  /** Folder of this machine's lab. */
  readonly labDirectory: string;
  /** Folder that `~` stands for. */
  readonly home: string;
}

/** What was read: the values that are in order, and the faults of the others. */
export interface Reading {
  /** Values and defaults. A setting with a fault is left out. */
  readonly values: Partial<Values>;
  /** Settings that the stack's file has, in order or not. */
  readonly given: ReadonlySet<KeyName>;
  readonly faults: readonly Fault[];
  readonly warnings: readonly string[];
}

/** Reads each setting by itself; what depends on several of them is left to the rules. */
export function readSettings(source: ConfigurationSource): Reading {
  const values: Record<string, unknown> = {};
  const given = new Set<KeyName>();
  const faults: Fault[] = unknownSettings(source);
  const warnings: string[] = [];

  for (const name of keyNames) {
    const key = keys[name] as Key<unknown>;
    const raw = source.settings[fullName(name)];
    if (raw === undefined) {
      if (key.presence === "required") faults.push(missing(name, key));
      else if (key.presence === "default") values[name] = key.fallback;
      continue;
    }
    given.add(name);
    const encrypted = source.secretNames.has(fullName(name));
    if (key.secret && !encrypted) {
      faults.push(plainSecret(name, key));
      continue;
    }
    if (encrypted && !key.secret) {
      warnings.push(
        `${fullName(name)} is kept encrypted in the stack's file, but is no secret to this program: it can appear in messages and in the state.`,
      );
    }
    const result = parseValue(key.value, decoded(key, raw));
    if ("parsed" in result) {
      values[name] = key.secret ? new Secret(String(result.parsed)) : result.parsed;
    } else {
      faults.push(
        ...result.refusals.map((refusal) => refused(name, key, refusal, encrypted || key.secret)),
      );
    }
  }
  // Each value was parsed by the schema of its own key.
  return { values: values, given, faults, warnings };
}

function decoded(key: Key<unknown>, raw: string): unknown {
  if (key.value.encoding === "text") return raw;
  try {
    return JSON.parse(raw) as unknown;
  } catch {
    // Refused by the schema, with its own words.
    return raw;
  }
}

function missing(name: KeyName, key: Key<unknown>): Fault {
  return {
    key: fullName(name),
    given: "nothing",
    allowed: key.value.allowed,
    mend: setCommand(fullName(name), key),
  };
}

function plainSecret(name: KeyName, key: Key<unknown>): Fault {
  return {
    key: fullName(name),
    given: `${redacted}, in plain text in the stack's file`,
    allowed: "a secret, encrypted there; whoever has seen the file knows this one: change it",
    mend: setCommand(fullName(name), key),
  };
}

function refused(name: KeyName, key: Key<unknown>, refusal: Refusal, isSecret: boolean): Fault {
  return {
    key: fullName(name) + refusal.path,
    given: isSecret ? redacted : shown(refusal.given),
    allowed: refusal.allowed,
    mend: refusal.superfluous
      ? `pulumi config rm --path '${fullName(name)}${refusal.path}'`
      : setCommand(fullName(name), key, refusal.path),
  };
}

/** Settings of our namespace that no part of the program reads: most often a slip of the pen. */
function unknownSettings(source: ConfigurationSource): Fault[] {
  return Object.keys(source.settings)
    .filter((name) => name.startsWith(`${namespace}:`))
    .map((name) => name.slice(namespace.length + 1))
    .filter((name) => !(name in keys))
    .map((name) => {
      const likely = nearest(name, keyNames);
      return {
        key: fullName(name),
        // Its value may be a secret under a misspelt name.
        given: "a setting that this program doesn't have",
        allowed:
          likely === undefined
            ? "the settings of docs/configuration.md"
            : `perhaps ${fullName(likely)}?`,
        mend: [
          `pulumi config rm ${fullName(name)}`,
          ...(likely === undefined ? [] : [setCommand(fullName(likely), keys[likely])]),
        ].join(" && "),
      };
    });
}
