import { utils } from "ssh2";
import { fingerprint } from "./publicKey";

/**
 * Reads a private key.
 *
 * @param text the key in OpenSSH or PEM format
 * @returns the fingerprint of its public key; `locked` where the passphrase is missing or wrong; `invalid`
 *   for any other text
 */
export function readPrivateKey(
  text: string,
  passphrase?: string,
): { fingerprint: string } | "locked" | "invalid" {
  const parsed = utils.parseKey(text, passphrase);
  if (parsed instanceof Error) {
    return /passphrase|decrypt/i.test(parsed.message) ? "locked" : "invalid";
  }
  return parsed.isPrivateKey() ? { fingerprint: fingerprint(parsed.getPublicSSH()) } : "invalid";
}
