/** Kinds of values that settings, arguments of components and manifests share. */

import { z } from "zod";
import { parsePublicKey, type PublicKey } from "../ssh/publicKey";
import { integer, oneOf, text, type Value } from "./value";

export const port = integer("a port", 1, 65535);

/** A host by name or address. */
export const address = text(
  "a host name, an IPv4 or an IPv6 address, without user, port or brackets",
  /^(?=.{1,253}$)(?:(?!-)[A-Za-z0-9-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%\w+)?)$/,
);

export const serverName = text(
  "a host name without scheme, port, path or spaces; it may begin with `*.`",
  /^(?=.{1,253}$)(?:\*\.)?(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*$/,
);

/** A whole name, as in a request's Host header. */
export const hostName = text(
  "a whole host name, such as `tracks.example.org`",
  /^(?=.{1,253}$)(?!-)[A-Za-z0-9-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*$/,
);

/** A name for ALLOWED_HOSTS in Django's own spelling. */
export const djangoHost = text(
  "a host name, or `.example.org` for that name and all below it",
  /^\.?[A-Za-z0-9_.:[\]-]{1,253}$/,
);

/** Name of a site or an application, and of its files and folders on the host. */
export const siteName = text(
  "lower-case letters, digits, `_` and `-`, a letter first, 64 at most",
  /^[a-z][a-z0-9_-]{0,63}$/,
);

export const serviceName = text(
  "the name of a service, without `.service`",
  /^[A-Za-z0-9][A-Za-z0-9@._-]*$/,
);

export const loginName = accountName("a Linux login name");

/** Name of a Linux group. */
export const groupName = accountName("the name of a Linux group");

/** A path below `/`, which no program may own as a whole, in characters that need no quotes. */
export const absolutePath = text(
  "an absolute path without `..`, spaces or a slash at its end",
  /^(?!.*\/\.{1,2}(?:\/|$))(?:\/[A-Za-z0-9._@+-]+)+$/,
);

/** The pip of another Python would install uWSGI next to it, where neither the service nor a deployment looks. */
export const interpreterPath = text(
  "the path of a Python in `/usr/bin` or `/usr/local/bin`, such as `/usr/bin/python3.11`",
  /^\/usr\/(?:local\/)?bin\/python[0-9.]*$/,
);

/** A path on this machine. */
export const localPath = text("a path on this machine; `~/` is your home", /^\P{Cc}+$/u);

/** A URL without user and password: everybody on the host can read the file that will have it. */
export const url = text(
  "an http or https URL without user, password and spaces",
  /^https?:\/\/[^\s\p{Cc}@/"'\\]+(?:\/[^\s\p{Cc}@"'\\]*)?$/u,
);

/** URL of keys or packages, which may be files on the host. */
export const resourceUrl = text(
  "an http, https or file URL without user, password and spaces",
  /^(?:https?:\/\/[^\s\p{Cc}@/"'\\]+|file:\/\/)(?:\/[^\s\p{Cc}@"'\\]*)?$/u,
);

export const packageName = text(
  "a package name, or several with `|` between them, of which the first that the host knows counts",
  /^[A-Za-z0-9][A-Za-z0-9._+-]*(?:\|[A-Za-z0-9][A-Za-z0-9._+-]*)*$/,
);

/** The loopback address, which no other machine can reach, with a port that needs no privilege. */
export const loopbackAddress = text(
  "the loopback address and a port from 1024 to 65535, `127.0.0.1:PORT`",
  /^127\.0\.0\.1:(?:102[4-9]|10[3-9]\d|1[1-9]\d\d|[2-9]\d{3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])$/,
);

/** PostgreSQL folds upper case to lower case; these characters need no quotes anywhere. */
export const databaseName = text(
  "a PostgreSQL name: lower-case letters, digits and `_`, a letter or `_` first, 63 at most; not `postgres`, `template0`, `template1`, and no name that begins with `pg_`",
  /^(?!pg_|(?:postgres|template[01])$)[a-z_][a-z0-9_]{0,62}$/,
);

export const postgresVersion = text(
  "a major version of PostgreSQL: `9.2` to `9.6`, or `10` to `18`",
  /^(?:9\.[2-6]|1[0-8])$/,
);

/** The provider unescapes backslashes on its way to the server. */
export const databasePassword = text(
  "one line of text, not empty, without backslashes",
  /^[^\\\p{Cc}]+$/u,
);

export const modelName = text("`APP.MODEL`, in lower case", /^[a-z_][a-z0-9_]*\.[a-z0-9_]+$/);

/** How a connection to PostgreSQL is encrypted and checked, in libpq's words. */
export const sslMode = oneOf("disable", "allow", "prefer", "require", "verify-ca", "verify-full");

export type SslMode = z.infer<typeof sslMode.schema>;

export const moduleName = text(
  "a Python module: names of letters, digits and `_` with dots between",
  /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/,
);

/** A path that stays inside its folder. */
export const relativePath = text(
  "a relative path without `..`, spaces or a slash at its end",
  /^(?!(?:.*\/)?\.{1,2}(?:\/|$))[A-Za-z0-9._@+-]+(?:\/[A-Za-z0-9._@+-]+)*$/,
);

/**
 * A path that nginx passes on unchanged. Where the last segment has neither a slash after it nor a period
 * in it, nginx itself answers, with a redirect to `PATH/`.
 */
export const uriPath = text(
  "a path of the site that begins with `/`, and ends with `/` or has a period in its last part; letters, digits and `.` `_` `~` `+` `=` `-` `/` only",
  /^(?!.*\/\.{1,2}(?:\/|$))\/(?:[A-Za-z0-9._~+=-]+\/)*(?:[A-Za-z0-9_~+=-]*\.[A-Za-z0-9._~+=-]*)?$/,
);

const gitUrlText = text(
  "a git URL without a password: https, ssh or file, or `USER@HOST:PATH`",
  /^(?:https:\/\/[\w.-]+(?::\d{1,5})?\/|ssh:\/\/(?:[\w.-]+@)?[\w.-]+(?::\d{1,5})?\/|file:\/\/\/|[\w.-]+@[\w.-]+:)[\w.%+:,=~/-]+$/,
);

export const gitUrl = {
  ...gitUrlText,
  // A port may be too high.
  schema: gitUrlText.schema.refine((url) => !url.includes("://") || URL.canParse(url), {
    error: gitUrlText.allowed,
  }),
};

export const gitReference = text(
  "a branch, a tag or a commit",
  /^(?!-)(?!.*(?:\.\.|\/\/|@\{))[A-Za-z0-9._/+-]{1,200}(?<![./])$/,
);

export const requirement = text(
  "a requirement in pip's format, such as `name==1.2.3`, without spaces",
  /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\[[A-Za-z0-9._,-]+\])?(?:[=<>!~]=?=?[A-Za-z0-9.*+!_-]+(?:,[=<>!~]=?[A-Za-z0-9.*+!_-]+)*)?$/,
);

/** A password that chpasswd and sudo read from one line. */
export const password = text("one line of text, not empty", /^\P{Cc}+$/u);

const publicKeyAllowed =
  "one public key line, `TYPE BASE64`, of type ssh-ed25519, ecdsa-sha2-nistp256, -nistp384, -nistp521 or ssh-rsa, without a host name before it";

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
  "a line of authorized_keys: options if any, the type (ssh-ed25519, ecdsa-sha2-nistp... or ssh-rsa), the base64 text, a comment if any";

/** A line of authorized_keys, options included. */
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

/** Options may have spaces, so the key may begin at any word. */
function endsInPublicKey(line: string): boolean {
  const words = line.split(" ");
  return words.some((_, index) => parsePublicKey(words.slice(index).join(" ")) !== undefined);
}

/** As useradd and groupadd take them. */
function accountName(what: string) {
  return text(
    `${what}: lower-case letters, digits, \`_\` and \`-\`, a letter or \`_\` first, 32 at most`,
    /^[a-z_][a-z0-9_-]{0,31}$/,
  );
}
