import { z } from "zod";
import { parsePublicKey, type PublicKey } from "../host/ssh/publicKey";

/** A kind of value: how it is written, which values are allowed, and the parser that holds to it. */
export interface Value<T> {
  /** As the reference names it: `text`, `integer`, `yes or no`, `list`. */
  readonly type: string;
  /** The allowed values, in words that follow "allowed:". */
  readonly allowed: string;
  /** Whether the setting's text is the value or JSON of it, as Pulumi passes lists and objects. */
  readonly encoding: "text" | "json";
  readonly schema: z.ZodType<T>;
}

/** One line of text that matches the pattern. */
export function text(allowed: string, pattern: RegExp): Value<string> {
  return {
    type: "text",
    allowed,
    encoding: "text",
    schema: z.string({ error: allowed }).regex(pattern, { error: allowed }),
  };
}

/** Text of any number of lines, without control characters; those of Windows end as all others. */
export function lines(allowed: string): Value<string> {
  return {
    type: "lines of text",
    allowed,
    encoding: "text",
    schema: z
      .string({ error: allowed })
      .transform((value) => value.replaceAll("\r\n", "\n"))
      .refine((value) => /\S/.test(value) && /^[\P{Cc}\n\t]*$/u.test(value), { error: allowed }),
  };
}

/** A whole number within bounds. */
export function integer(what: string, minimum: number, maximum: number): Value<number> {
  const allowed = `${what}, ${minimum} to ${maximum}`;
  return {
    type: "integer",
    allowed,
    encoding: "text",
    schema: z
      .union([z.string().regex(/^\d{1,9}$/), z.number().int()], { error: allowed })
      .transform(Number)
      .refine((number) => number >= minimum && number <= maximum, { error: allowed }),
  };
}

export const yesOrNo: Value<boolean> = {
  type: "true or false",
  allowed: "`true` or `false`",
  encoding: "text",
  schema: z
    .union([z.literal("true"), z.literal("false"), z.boolean()], { error: "`true` or `false`" })
    .transform((value) => value === true || value === "true"),
};

/** One of a few words. */
export function oneOf<const T extends string>(...words: readonly [T, ...T[]]): Value<T> {
  const allowed = words.map((word) => `\`${word}\``).join(" or ");
  return { type: "text", allowed, encoding: "text", schema: z.enum(words, { error: allowed }) };
}

/** The first kind's values, or the second's. */
export function either<A, B>(first: Value<A>, second: Value<B>): Value<A | B> {
  const allowed = `${first.allowed}; or ${second.allowed}`;
  return {
    type: `${first.type} or ${second.type}`,
    allowed,
    encoding: "text",
    schema: z.union([first.schema, second.schema], { error: allowed }),
  };
}

/** A list; `minimum` items at least (default 0), each once unless `repeats` (default false). */
export function listOf<T>(
  item: Value<T>,
  what: string,
  { minimum = 0, repeats = false }: { minimum?: number; repeats?: boolean } = {},
): Value<T[]> {
  const allowed = `a list of ${minimum > 0 ? `at least ${minimum} of ` : ""}${what}, each of them ${item.allowed}`;
  return {
    type: "list",
    allowed,
    encoding: "json",
    schema: z
      .array(item.schema, { error: allowed })
      .min(minimum, { error: allowed })
      .superRefine((items, context) => {
        const texts = items.map((value) => JSON.stringify(value));
        texts.forEach((value, index) => {
          if (repeats || texts.indexOf(value) === index) return;
          context.addIssue({
            code: "custom",
            path: [index],
            message: "each item once",
            params: { superfluous: true },
          });
        });
      }),
  };
}

export const port = integer("a port", 1, 65535);

/** A host by name or address. */
export const address = text(
  "a host name, an IPv4 or an IPv6 address, without user, port or brackets",
  /^(?=.{1,253}$)(?:(?!-)[A-Za-z0-9-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%\w+)?)$/,
);

export const serverName = text(
  "a host name without scheme, port, path or spaces; `*.` may stand in front",
  /^(?=.{1,253}$)(?:\*\.)?(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*$/,
);

export const loginName = text(
  "a Linux login name: lower-case letters, digits, `_` and `-`, a letter or `_` first, 32 at most",
  /^[a-z_][a-z0-9_-]{0,31}$/,
);

/** Below the root, since nothing here may own `/` itself; and with characters that need no quoting. */
export const absolutePath = text(
  "an absolute path without `..`, spaces or a slash at its end",
  /^(?!.*\/\.{1,2}(?:\/|$))(?:\/[A-Za-z0-9._@+-]+)+$/,
);

/** Elsewhere its pip would put uWSGI beside it, where neither the service nor a deployment looks for it. */
export const interpreterPath = text(
  "the path of a Python in `/usr/bin` or `/usr/local/bin`, such as `/usr/bin/python3.11`",
  /^\/usr\/(?:local\/)?bin\/python[0-9.]*$/,
);

/** A path on this machine. */
export const localPath = text("a path on this machine; `~/` is your home", /^\P{Cc}+$/u);

/** Without user and password: the file that it lands in can be read by everybody on the host. */
export const url = text(
  "an http or https URL without user, password and spaces",
  /^https?:\/\/[^\s@/"'\\]+(?:\/[^\s@"'\\]*)?$/,
);

/** A URL of keys or packages, which may lie on the host. */
export const resourceUrl = text(
  "an http, https or file URL without user, password and spaces",
  /^(?:https?:\/\/[^\s@/"'\\]+|file:\/\/)(?:\/[^\s@"'\\]*)?$/,
);

export const packageName = text(
  "a package name; `|` between names of which the first that the host knows is taken",
  /^[A-Za-z0-9][A-Za-z0-9._+-]*(?:\|[A-Za-z0-9][A-Za-z0-9._+-]*)*$/,
);

/** The loopback address with a port that needs no privilege: what listens there can't be reached from elsewhere. */
export const loopbackAddress = text(
  "the loopback address and a port from 1024 to 65535, `127.0.0.1:PORT`",
  /^127\.0\.0\.1:(?:102[4-9]|10[3-9]\d|1[1-9]\d\d|[2-9]\d{3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])$/,
);

/** PostgreSQL folds what is not lower-case, and this needs no quoting anywhere. */
export const databaseName = text(
  "a PostgreSQL name: lower-case letters, digits and `_`, a letter or `_` first, 63 at most; not `postgres`, `template0`, `template1` or one that begins with `pg_`",
  /^(?!pg_|(?:postgres|template[01])$)[a-z_][a-z0-9_]{0,62}$/,
);

export const postgresVersion = text(
  "a major version of PostgreSQL: `9.2` to `9.6`, or `10` to `18`",
  /^(?:9\.[2-6]|1[0-8])$/,
);

/** The provider unescapes backslashes on its way to the server. */
export const databasePassword = text(
  "one line of text that is not empty, without backslashes",
  /^[^\\\p{Cc}]+$/u,
);

export const moduleName = text(
  "a Python module: names of letters, digits and `_` with dots between",
  /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/,
);

/** Inside of a folder, never out of it. */
export const relativePath = text(
  "a relative path without `..`, spaces or a slash at its end",
  /^(?!(?:.*\/)?\.{1,2}(?:\/|$))[A-Za-z0-9._@+-]+(?:\/[A-Za-z0-9._@+-]+)*$/,
);

/**
 * What nginx passes on as it is: it answers itself, with a redirect to `PATH/`, to a path whose last
 * segment has neither a slash behind it nor a period in it.
 */
export const uriPath = text(
  "a path of the site that begins and ends with `/` or has a period in its last part; of `/`, letters, digits and `.` `_` `~` `+` `=` `-`",
  /^(?!.*\/\.{1,2}(?:\/|$))\/(?:[A-Za-z0-9._~+=-]+\/)*(?:[A-Za-z0-9_~+=-]*\.[A-Za-z0-9._~+=-]*)?$/,
);

export const gitUrl = text(
  "a git URL without a password: https, ssh or file, or `USER@HOST:PATH`",
  /^(?:https:\/\/[\w.-]+(?::\d{1,5})?\/|ssh:\/\/(?:[\w.-]+@)?[\w.-]+(?::\d{1,5})?\/|file:\/\/\/|[\w.-]+@[\w.-]+:)[\w.%+:,=~/-]+$/,
);

export const gitReference = text(
  "a branch, a tag or a commit",
  /^(?!-)(?!.*(?:\.\.|\/\/|@\{))[A-Za-z0-9._/+-]{1,200}(?<![./])$/,
);

export const requirement = text(
  "a requirement as pip takes it, such as `name==1.2.3`, without spaces",
  /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\[[A-Za-z0-9._,-]+\])?(?:[=<>!~]=?=?[A-Za-z0-9.*+!_-]+(?:,[=<>!~]=?[A-Za-z0-9.*+!_-]+)*)?$/,
);

/** A password that chpasswd and sudo take from one line. */
export const password = text("one line of text that is not empty", /^\P{Cc}+$/u);

const publicKeyAllowed =
  "one public key line, `TYPE BASE64`, of type ssh-ed25519, ecdsa-sha2-nistp256, -nistp384, -nistp521 or ssh-rsa, without the host's name in front";

export const publicKey: Value<PublicKey> = {
  type: "public key",
  allowed: publicKeyAllowed,
  encoding: "text",
  schema: z.string({ error: publicKeyAllowed }).transform((line, context) => {
    const key = parsePublicKey(line);
    if (key !== undefined) return key;
    context.addIssue({ code: "custom", message: publicKeyAllowed });
    return z.NEVER;
  }),
};

const authorizedKeyAllowed =
  "a line of authorized_keys: options if any, the type (ssh-ed25519, ecdsa-sha2-nistp... or ssh-rsa), the base64, a comment";

/** A line of authorized_keys as it is, options included. */
export const authorizedKey: Value<string> = {
  type: "text",
  allowed: authorizedKeyAllowed,
  encoding: "text",
  schema: z
    .string({ error: authorizedKeyAllowed })
    .refine((line) => /^\P{Cc}+$/u.test(line) && endsInPublicKey(line), {
      error: authorizedKeyAllowed,
    }),
};

/** Options may hold spaces, so the key may begin at any word. */
function endsInPublicKey(line: string): boolean {
  const words = line.split(" ");
  return words.some((_, index) => parsePublicKey(words.slice(index).join(" ")) !== undefined);
}
