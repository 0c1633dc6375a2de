import type { Secret } from "../host/secret";
import type { Value } from "./value";

/** The part of the deployment that a setting is for; the reference is ordered by it. */
export type Component =
  | "Host"
  | "Bastion"
  | "SystemPackages"
  | "LinuxUser"
  | "Nginx"
  | "NginxSite"
  | "RobotsTxt"
  | "Logrotate"
  | "PostgresDatabase"
  | "DjangoApp"
  | "DataMigration"
  | "Uwsgi";

/** What every setting says about itself. */
export interface KeyText {
  readonly component: Component;
  /** The component's argument that it becomes, such as `external.host`. @default it is none */
  readonly argument?: string;
  /** What it means, in one or two sentences. */
  readonly meaning: string;
  /** A value as it is written in the stack's file; a list's example is its first item. */
  readonly example: string;
  /** When it must be set, where that depends on other settings. */
  readonly needed?: string;
  /** The command that sets it, where `pulumi config set` with the example isn't the way. */
  readonly mend?: string;
}

/** One setting of the stack: read as a `T`. */
export interface Key<T> extends KeyText {
  readonly value: Value<unknown>;
  readonly presence: "required" | "optional" | "default";
  /** Kept encrypted in the stack's file, and read as a {@link Secret}. */
  readonly secret: boolean;
  /** The default, where there is one. */
  readonly fallback: T | undefined;
  /** The default in words, where it depends on something else. */
  readonly fallbackText: string | undefined;
}

/** A setting that every stack has. */
export function required<T>(value: Value<T>, about: KeyText): Key<T> {
  return key(value, about, { presence: "required" });
}

/** A setting that is left out where it isn't needed. */
export function optional<T>(
  value: Value<T>,
  about: KeyText & { readonly fallbackText?: string },
): Key<T | undefined> {
  return key<T | undefined>(value, about, { fallbackText: about.fallbackText });
}

/** A setting with a default. */
export function withDefault<T>(value: Value<T>, fallback: NoInfer<T>, about: KeyText): Key<T> {
  return key(value, about, { presence: "default", fallback });
}

/** A setting that is a fault when it stands in the stack's file in plain text. */
export function secret(value: Value<string>, about: KeyText): Key<Secret | undefined> {
  return key<Secret | undefined>(value, about, { secret: true });
}

function key<T>(
  value: Value<unknown>,
  about: KeyText,
  rest: Partial<Pick<Key<T>, "presence" | "secret" | "fallback" | "fallbackText">>,
): Key<T> {
  return {
    ...about,
    value,
    presence: rest.presence ?? "optional",
    secret: rest.secret ?? false,
    fallback: rest.fallback,
    fallbackText: rest.fallbackText,
  };
}

/**
 * The command that gives a setting a value; a secret's value is read from the terminal.
 *
 * @param part where in a list or an object the value belongs, such as `[1].priority`
 */
export function setCommand(name: string, key: Key<unknown>, part = ""): string {
  if (part !== "" && key.mend === undefined) {
    // The example is a whole item; what a field of it may be stands under "allowed".
    return `pulumi config set --path '${name}${part}' ${part.includes(".") ? "VALUE" : quoted(key.example)}`;
  }
  if (key.mend !== undefined) return key.mend;
  if (key.secret) return `pulumi config set --secret ${name}`;
  return key.value.encoding === "json"
    ? `pulumi config set --path '${name}[0]' ${quoted(key.example)}`
    : `pulumi config set ${name} ${quoted(key.example)}`;
}

/** As a POSIX shell takes it for one word. */
function quoted(word: string): string {
  if (/^~?[\w./:@+-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
