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
  "a host name without scheme, port, path or spaces; `*.` may stand in front",
  /^(?=.{1,253}$)(?:\*\.)?(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*$/,
);

/** A whole name, as a request's Host header has it. */
export const hostName = text(
  "a whole host name, such as `tracks.example.org`",
  /^(?=.{1,253}$)(?!-)[A-Za-z0-9-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*$/,
);

/** A name of ALLOWED_HOSTS in Django's own spelling. */
export const djangoHost = text(
  "a host name, or `.example.org` for that name and all below it",
  /^\.?[A-Za-z0-9_.:[\]-]{1,253}$/,
);

/** A site or an application: of its files and folders on the host. */
export const siteName = text(
  "lower-case letters, digits, `_` and `-`, a letter first, 64 at most",
  /^[a-z][a-z0-9_-]{0,63}$/,
);

export const serviceName = text(
  "the name of a service, without `.service`",
  /^[A-Za-z0-9][A-Za-z0-9@._-]*$/,
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

export const modelName = text("`APP.MODEL`, in lower case", /^[a-z_][a-z0-9_]*\.[a-z0-9_]+$/);

/** How a connection to PostgreSQL is encrypted and checked, in libpq's words. */
export const sslMode = oneOf("disable", "allow", "prefer", "require", "verify-ca", "verify-full");

export type SslMode = z.infer<typeof sslMode.schema>;

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
