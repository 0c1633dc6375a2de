import { utils } from "ssh2";
import { fingerprint } from "./publicKey";

/**
 * Looks into a private key.
 *
 * @param text as OpenSSH or PEM write it
 * @returns the fingerprint of its public key; `locked` where the passphrase is missing or wrong; `invalid`
 *   for anything else
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
