import { posix } from "node:path";

/** Usual names of files that have only secrets. */
const names = [
  /^\.env(?:\.(?!example$|sample$|template$|dist$|defaults?$).+)?$/,
  /^id_(?:rsa|dsa|ecdsa|ed25519)$/,
  /^\.(?:netrc|pgpass|pypirc|htpasswd|git-credentials)$/,
  /^secret[_-]?key(?:\.txt)?$/,
  /^(?:secrets?|credentials?|client_secret.*|service[_-]account.*)(?:\.(?:json|ya?ml|toml|ini|cfg|env|txt|csv))?$/,
  /\.(?:p12|pfx|jks|keystore|kdbx|ppk)$/,
];

/** Endings of keys and of certificates, which are public; other programs use them, too. */
const keyFile = /\.(?:pem|key)$/;

/**
 * Whether a file looks as if only the application should read it.
 *
 * @param path within the source
 * @param read returns the beginning of the file, for names that don't decide
 */
export function looksSecret(path: string, read: () => Buffer | undefined): boolean {
  const name = posix.basename(path).toLowerCase();
  if (names.some((pattern) => pattern.test(name))) return true;
  if (!keyFile.test(name)) return false;
  const content = read()?.toString("latin1") ?? "";
  if (content.includes("PRIVATE KEY-----")) return true;
  // Keynote's documents, which end in .key, are zip archives.
  return !/^PK|-----BEGIN (?:TRUSTED |X509 )?(?:CERTIFICATE|(?:RSA )?PUBLIC KEY)/.test(content);
}
