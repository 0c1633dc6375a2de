import type { Argument } from "../components/args/argument";
import type { Value } from "../host/manifest/value";
import type { Secret } from "../host/secret";

/** The component that a setting belongs to; the reference has a table for each. */
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

/** The argument that a setting becomes. */
export interface KeyPlace {
  readonly component: Component;
  /** Name of the component's argument, such as `external.host`. @default none */
  readonly argument?: string;
  /**
   * How the value becomes the argument, such as a file below a package, in words after its name.
   *
   * @default unchanged
   */
  readonly becomes?: string;
}

/** Texts of a setting for the reference and for errors. */
export interface KeyText {
  /** Its meaning, in one or two sentences. */
  readonly meaning: string;
  /** A value as in the stack's file; for a list its first item. */
  readonly example: string;
  /** When it is required, where that depends on other settings. */
  readonly needed?: string;
  /** The command that sets it. @default `pulumi config set` with the example */
  readonly command?: string;
}

/** One setting of the stack, whose value is a `T`. */
export interface Key<T> extends KeyText, KeyPlace {
  readonly value: Value<unknown>;
  readonly presence: "required" | "optional" | "default";
  /** Whether it is encrypted in the stack's file, and its value a {@link Secret}. */
  readonly secret: boolean;
  /** The default, where there is one. */
  readonly fallback: T | undefined;
  /** Never has a value: tells the compiler the type of the setting. */
  readonly reads?: readonly [T];
  /** The default in words, where it depends on something else. */
  readonly fallbackText?: string;
}

/** A setting that every stack must have. */
export function required<T, const P extends KeyPlace>(
  value: Value<T>,
  about: KeyText & P,
): Key<T> & P {
  return { ...about, value, presence: "required", secret: false, fallback: undefined };
}

/** A setting without a default that a stack may leave out. */
export function optional<T, const P extends KeyPlace>(
  value: Value<T>,
  about: KeyText & P & { readonly fallbackText?: string },
): Key<T | undefined> & P {
  return { ...about, value, presence: "optional", secret: false, fallback: undefined };
}

/** A setting with a default. */
export function withDefault<T, const P extends KeyPlace>(
  value: Value<T>,
  fallback: NoInfer<T>,
  about: KeyText & P,
): Key<T> & P {
  return { ...about, value, presence: "default", secret: false, fallback };
}

/** A setting that must be encrypted in the stack's file. */
export function secret<const P extends KeyPlace>(
  value: Value<string>,
  about: KeyText & P,
): Key<Secret | undefined> & P {
  return { ...about, value, presence: "optional", secret: true, fallback: undefined };
}

/** Type of the value of an argument. */
type ValueOf<A> = A extends { readonly value: Value<infer T> } ? T : never;

/**
 * Settings that become arguments unchanged, with the values and defaults of the component.
 *
 * @param table the component's arguments, from its file in components/args
 */
export function settingsOf<const C extends Component, Table extends object>(
  component: C,
  table: Table,
) {
  const place = <const N extends string>(argument: N) => ({ component, argument });
  const of = (argument: keyof Table) => table[argument] as Argument<unknown>;
  return {
    /** A setting with the component's default; optional where the component has none. */
    setting<const N extends keyof Table & string>(
      argument: N,
      about: KeyText & { readonly fallbackText?: string },
    ): Key<WithItsDefault<Table[N]>> & { readonly component: C; readonly argument: N } {
      const { value, fallback } = of(argument);
      const presence = fallback === undefined ? "optional" : "default";
      // Value and default are those of the argument of that name.
      return {
        ...about,
        ...place(argument),
        value,
        fallback: fallback as WithItsDefault<Table[N]>,
        presence,
        secret: false,
      };
    },
    /** A setting that every stack must have. */
    required<const N extends keyof Table & string>(argument: N, about: KeyText) {
      return required(of(argument).value as Value<ValueOf<Table[N]>>, {
        ...about,
        ...place(argument),
      });
    },
    /** A setting with a default of this site. */
    withDefault<const N extends keyof Table & string>(
      argument: N,
      fallback: NoInfer<ValueOf<Table[N]>>,
      about: KeyText,
    ) {
      const value = of(argument).value as Value<ValueOf<Table[N]>>;
      return withDefault(value, fallback, { ...about, ...place(argument) });
    },
  };
}

type WithItsDefault<A> = A extends { readonly fallback: infer F }
  ? undefined extends F
    ? ValueOf<A> | undefined
    : ValueOf<A>
  : never;

/**
 * The command that sets a setting; for a secret it asks for the value.
 *
 * @param part place of the value within a list or an object, such as `[1].priority`
 */
export function setCommand(name: string, key: Key<unknown>, part = ""): string {
  // The example is a whole item; the problem's allowed values are those of the field.
  if (part.includes(".")) return `pulumi config set --path '${name}${part}' VALUE`;
  if (key.command !== undefined) return key.command;
  if (part !== "") return `pulumi config set --path '${name}${part}' ${quoted(key.example)}`;
  if (key.secret) return `pulumi config set --secret ${name}`;
  return key.value.encoding === "json"
    ? `pulumi config set --path '${name}[0]' ${quoted(key.example)}`
    : `pulumi config set ${name} ${quoted(key.example)}`;
}

/** Quotes a text for a POSIX shell, as one word. */
export function quoted(word: string): string {
  if (/^~?[\w./:@+-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
