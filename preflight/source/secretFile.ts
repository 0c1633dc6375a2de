import { posix } from "node:path";

/** Names of files that hold nothing but secrets, as tools write and people call them. */
const names = [
  /^\.env(?:\.(?!example$|sample$|template$|dist$|defaults?$).+)?$/,
  /^id_(?:rsa|dsa|ecdsa|ed25519)$/,
  /^\.(?:netrc|pgpass|pypirc|htpasswd|git-credentials)$/,
  /^secret[_-]?key(?:\.txt)?$/,
  /^(?:secrets?|credentials?|client_secret.*|service[_-]account.*)(?:\.(?:json|ya?ml|toml|ini|cfg|env|txt|csv))?$/,
  /\.(?:p12|pfx|jks|keystore|kdbx|ppk)$/,
];

/** Of a key, or of a certificate, which everybody may see; or of something else altogether. */
const keyFile = /\.(?:pem|key)$/;

/**
 * Does a file look as if nobody but the application should read it?
 *
 * @param path within the source
 * @param read gives what it begins with, where the name alone doesn't tell
 */
export function looksSecret(path: string, read: () => Buffer | undefined): boolean {
  const name = posix.basename(path).toLowerCase();
  if (names.some((pattern) => pattern.test(name))) return true;
  if (!keyFile.test(name)) return false;
  const content = read()?.toString("latin1") ?? "";
  if (content.includes("PRIVATE KEY-----")) return true;
  // Keynote's documents are archives of zip.
  return !/^PK|-----BEGIN (?:TRUSTED |X509 )?(?:CERTIFICATE|(?:RSA )?PUBLIC KEY)/.test(content);
}
